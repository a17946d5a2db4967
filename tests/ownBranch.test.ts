import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";

const script = join(__dirname, "..", ".ci", "own-branch.mjs");

/** GitHub's API for an environment: https://docs.github.com/en/rest/deployments/environments */
interface Environment {
    readonly deployment_branch_policy: { protected_branches: boolean; custom_branch_policies: boolean } | null;
    readonly branch_policies?: readonly { id: number; name: string; type?: string }[];
}

const custom = { protected_branches: false, custom_branch_policies: true };

describe("a job that deploys", function () {
    this.timeout(60_000);
    let server: Server;
    let environment: Environment | undefined;
    const asked: (string | undefined)[] = [];

    before(async () => {
        server = createServer((request, response) => {
            asked.push(`${request.url} ${request.headers.authorization}`);
            if (!environment) return response.writeHead(404).end("{}");
            const { branch_policies = [], ...own } = environment;
            const answer = request.url!.endsWith("/deployment-branch-policies")
                ? { total_count: branch_policies.length, branch_policies }
                : { id: 1, name: "staging", protection_rules: [], ...own };
            response.end(JSON.stringify(answer));
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    });
    after(() => server.close());

    const run = async (env: Record<string, string>, branch = "staging") => {
        const { exitCode, stderr } = await execa(process.execPath, [script, branch], {
            env: { PATH: process.env["PATH"]!, ...env },
            extendEnv: false,
            reject: false,
        });
        return { exitCode, stderr };
    };
    const onGitHub = (found: Environment | undefined, ref = "refs/heads/staging") => {
        environment = found;
        return run({
            GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            GITHUB_REPOSITORY: "shops/plinth",
            GITHUB_REF: ref,
            GITHUB_TOKEN: "job-token",
        });
    };
    const own = { deployment_branch_policy: custom, branch_policies: [{ id: 1, name: "staging", type: "branch" }] };

    it("runs on GitHub if only its branch may use the environment", async () => {
        asked.length = 0;
        expect(await onGitHub(own)).to.deep.equal({ exitCode: 0, stderr: "" });
        expect(asked).to.deep.equal([
            "/repos/shops/plinth/environments/staging Bearer job-token",
            "/repos/shops/plinth/environments/staging/deployment-branch-policies Bearer job-token",
        ]);
    });

    it("stops on GitHub if another ref may use the environment, or runs it", async () => {
        for (const [found, ref, sign] of [
            [{ deployment_branch_policy: null }, undefined, "is open to every branch"],
            [
                { deployment_branch_policy: { protected_branches: true, custom_branch_policies: false } },
                undefined,
                "is open to every protected branch",
            ],
            [{ ...own, branch_policies: [] }, undefined, "is open to no branch"],
            [
                { ...own, branch_policies: [...own.branch_policies, { id: 2, name: "feature/*", type: "branch" }] },
                undefined,
                "is open to branch feature/*",
            ],
            [{ ...own, branch_policies: [{ id: 2, name: "staging", type: "tag" }] }, undefined, "open to tag staging"],
            [undefined, undefined, "answered 404"],
            [own, "refs/tags/staging", "This runs for refs/tags/staging"],
            [own, "refs/heads/production", "not for the branch staging"],
        ] as const) {
            const { exitCode, stderr } = await onGitHub(found, ref);
            expect(exitCode, sign).to.equal(1);
            expect(stderr)
                .to.include(sign)
                .and.match(/^Nothing was deployed/)
                .and.not.include("    at ");
        }
    });

    it("runs on GitLab on the protected branch only", async () => {
        const job = { GITLAB_CI: "true", CI_COMMIT_BRANCH: "staging", CI_COMMIT_REF_NAME: "staging" };
        expect((await run({ ...job, CI_COMMIT_REF_PROTECTED: "true" })).exitCode).to.equal(0);
        const open = await run({ ...job, CI_COMMIT_REF_PROTECTED: "false" });
        expect(open.exitCode).to.equal(1);
        expect(open.stderr).to.include("The branch staging is not protected");
        const other = await run({ ...job, CI_COMMIT_REF_PROTECTED: "true" }, "production");
        expect(other.stderr).to.include("This runs for staging, not for the branch production");
    });
});
