import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { UserError } from "../../../operations/system/errors";
import { markerOf, noteOf } from "../../../operations/review/note";
import { postNote } from "../../../operations/review/postNote";
import type { ControlPlane } from "../../support/controlPlane";
import { Project } from "../../support/project";

const stack = "reviewed";
const password = "known-to-a-test";

describe("review", function () {
    // Each call loads the whole program twice.
    this.timeout(300_000);
    const nowhere = { kubeconfig: "/nowhere", bin: "/nowhere" } as ControlPlane;
    let project: Project;
    const git = (...args: string[]) => execFileSync("git", ["-C", project.path, ...args], { encoding: "utf8" });
    const write = (instance: object = {}, name = stack, adminPassword = password) =>
        project.write(name, {
            "plinth:cluster": { context: "nowhere" },
            "plinth:secrets": { shop: { adminPassword } },
            "plinth:instances": {
                shop: { platform: "opencart", host: "shop.example.org", sharedFiles: "oneNode", ...instance },
            },
        });

    before(() => {
        project = new Project(nowhere);
        writeFileSync(join(project.path, ".gitignore"), "node_modules\n");
        write();
        git("init", "--quiet", "--initial-branch=base");
        git("add", "--all");
        git("-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "--message=base");
    });
    after(() => project?.clean());

    it("shows what differs in the rendered objects, without a secret and without cluster or state", async () => {
        write({ env: { frontend: { GREETING: "hello" } } }, stack, `${password}-new`);
        const note = join(project.path, "note.md");
        const { code, all } = await project.plinth("review", stack, "--base", "base", "--offline", "--out", note);
        expect(code, all).to.equal(0);
        const markdown = readFileSync(note, "utf8");
        for (const text of [all, markdown]) {
            expect(text).to.match(/^--- base\/opencart-shop\/deployment-frontend\.yaml\n/m);
            expect(text).to.match(/^\+ {14}value: hello\n/m);
            expect(text).not.to.include(password);
        }
        expect(markdown.startsWith(markerOf(stack))).to.equal(true);
        // A rendering contains no value of a secret, nor anything derived from it.
        expect(markdown).to.include("1 rendered object differs").and.to.include("offline: neither cluster nor state");
        expect(all).not.to.match(/\$ .*(pulumi|kubectl) /);
        expect(git("worktree", "list").trim().split("\n")).to.have.length(1);
        write();
    });

    it("shows an added stack, and says if nothing differs", async () => {
        write({}, "added");
        const added = await project.plinth("review", "added", "--base", "base", "--offline");
        expect(added.code, added.all).to.equal(0);
        expect(added.out).to.match(/^new file mode .*\nindex .*\n--- \/dev\/null\n\+\+\+ head\/opencart-shop\//m);
        const same = await project.plinth("review", stack, "--base", "base", "--offline");
        expect(same.out).to.include("No rendered object differs from base.");
    });

    it("names what cannot be changed in a cluster, with the key: claims that shrink or change their class", async () => {
        const claim = (size: string, storageClass: string) => ({ volumes: { database: { size, storageClass } } });
        write(claim("10Gi", "fast"), "claims");
        git("add", "--all");
        git("-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "--message=claims");
        write({ ...claim("5Gi", "slow"), database: { topology: "replicated", replicas: 1 } }, "claims");
        const note = join(project.path, "claims.md");
        const { code, all } = await project.plinth("review", "claims", "--base", "HEAD", "--offline", "--out", note);
        expect(code, all).to.equal(1);
        for (const text of [all, readFileSync(note, "utf8")]) {
            expect(text).to.include("launch would refuse this change:");
            expect(text).to.match(
                /plinth:instances\.shop\.volumes\.database\.size: "5Gi" is less than the 10Gi .*cannot shrink; allowed: 10Gi or more/,
            );
            expect(text).to.match(/plinth:instances\.shop\.volumes\.database\.storageClass: "slow" is not that of the/);
        }
        project.write("claims", {
            "plinth:cluster": { context: "nowhere" },
            "plinth:acceptLoss": ["persistentvolumeclaim/opencart-shop/database"],
            "plinth:instances": {
                shop: {
                    platform: "opencart",
                    host: "shop.example.org",
                    sharedFiles: "oneNode",
                    ...claim("5Gi", "slow"),
                },
            },
        });
        const accepted = await project.plinth("review", "claims", "--base", "HEAD", "--offline");
        expect(accepted.code, accepted.all).to.equal(0);
    });

    it("reports mistakes in the base", async () => {
        const { code, all } = await project.plinth("review", stack, "--base", "bass", "--offline");
        expect(code).to.equal(1);
        expect(all)
            .to.include('git cannot find the base "bass"')
            .and.not.to.match(/\n\s+at /);
    });

    it("fails in a project's own pipeline without an engine", async () => {
        const { code, all } = await project.plinth("review", stack, "--base", "base", "--no-offline");
        expect(code).to.equal(1);
        expect(all).to.include("The engine's preview is not available: ");
    });
});

describe("a note on a change", () => {
    const preview = { mode: "engine", text: "\u001b[32m+ 1 to create\u001b[0m" } as const;

    it("stays below the services' size limits, and says what is omitted", () => {
        const diff = `diff --git base/a head/a\n${"+ a line of the change\n".repeat(10_000)}`;
        const note = noteOf("production", { ...preview, text: "x\n".repeat(100_000) }, diff);
        expect(note.length).to.be.within(50_000, 65_536);
        expect(note.match(/… \d+ more lines: see the job's log\./g)).to.have.length(2);
    });

    it("is not broken by its quotes, and has no colours", () => {
        const note = noteOf("production", preview, "diff --git base/a head/a\n+ ```\n+ </details>\n+ ````\n");
        expect(note).to.include("`````diff\n").and.to.include("\n+ ````\n`````\n");
        expect(note).to.include("\n+ 1 to create\n");
    });

    it("starts with the reason why the change is refused", () => {
        const note = noteOf("production", { ...preview, refusal: "Data would be lost." }, "");
        expect(note.indexOf("Data would be lost.")).to.be.below(note.indexOf("<details>")).and.above(0);
    });
});

describe("posting a note to the services", () => {
    type Note = { id: number; body: string; author: { id: number }; user: { login: string } | null };
    const somebody = { author: { id: 5 }, user: { login: "somebody" } };
    const ourselves = { author: { id: 6 }, user: { login: "github-actions[bot]" } };
    const token = "of-a-test";

    /** The notes of both services, at their documented paths. */
    async function service(kind: "gitlab" | "github", run: (url: string, notes: Note[]) => Promise<void>) {
        const notes: Note[] = Array.from({ length: 130 }, (_, id) => ({
            id,
            body: `somebody's ${id}`,
            ...somebody,
        }));
        const path = kind === "gitlab" ? "/projects/7/merge_requests/3/notes" : "/repos/o/r/issues/3/comments";
        const one = kind === "gitlab" ? `${path}/` : "/repos/o/r/issues/comments/";
        const server = createServer(async (request, response) => {
            const { pathname, searchParams } = new URL(request.url!, "http://localhost");
            const answer = (status: number, content: unknown) => {
                response.writeHead(status, { "Content-Type": "application/json" });
                response.end(JSON.stringify(content));
            };
            const sent = request.headers[kind === "gitlab" ? "private-token" : "authorization"];
            if (sent !== (kind === "gitlab" ? token : `Bearer ${token}`)) return answer(401, { message: "no" });
            const content = async () => (JSON.parse(await text(request)) as { body: string }).body;
            const call = `${request.method} ${pathname}`;
            if (call === "GET /user" && kind === "gitlab") return answer(200, ourselves.author);
            if (call === `GET ${path}`) {
                const [size, page] = [Number(searchParams.get("per_page")), Number(searchParams.get("page"))];
                return answer(200, notes.slice(size * (page - 1), size * page));
            }
            if (call === `POST ${path}`) {
                notes.push({ id: notes.length, body: await content(), ...ourselves });
                return answer(201, {});
            }
            const note = notes.find(({ id }) => call === `${kind === "gitlab" ? "PUT" : "PATCH"} ${one}${id}`);
            if (!note) return answer(404, {});
            note.body = await content();
            answer(200, {});
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        try {
            await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, notes);
        } finally {
            server.close();
        }
    }
    const event = join(__dirname, "..", "..", "..", "package.json");
    const environment = {
        gitlab: (url: string) => ({
            GITLAB_CI: "true",
            CI_API_V4_URL: url,
            CI_PROJECT_ID: "7",
            CI_MERGE_REQUEST_IID: "3",
            PLINTH_NOTE_TOKEN: token,
        }),
        github: (url: string, path = event) => ({
            GITHUB_ACTIONS: "true",
            GITHUB_API_URL: url,
            GITHUB_REPOSITORY: "o/r",
            GITHUB_EVENT_PATH: path,
            GITHUB_TOKEN: token,
        }),
    };

    for (const kind of ["gitlab", "github"] as const)
        it(`is created on ${kind} once, and updated from then on`, () =>
            service(kind, async (url, notes) => {
                const project = new Project({ kubeconfig: "", bin: "" } as ControlPlane);
                const path = join(project.path, "event.json");
                writeFileSync(path, JSON.stringify({ pull_request: { number: 3 } }));
                const env = kind === "gitlab" ? environment.gitlab(url) : environment.github(url, path);
                // Other users' notes may begin like this.
                notes[3]!.body = `${markerOf("production")}\nsomebody's`;
                notes[4]!.user = null;
                await postNote(`${markerOf("staging")}\nother`, env);
                await postNote(`${markerOf("production")}\nfirst`, env);
                await postNote(`${markerOf("production")}\nsecond`, env);
                project.clean();
                expect(notes.slice(130).map(({ body }) => body.split("\n")[1])).to.deep.equal(["other", "second"]);
                expect(notes.slice(0, 130).every(({ body }) => /somebody's/.test(body))).to.equal(true);
            }));

    it("names missing variables of a job, and never the token", async () => {
        const messageOf = async (env: object) => {
            try {
                await postNote("x", env as NodeJS.ProcessEnv);
            } catch (error) {
                return (error as Error).message;
            }
            throw new Error("nothing was refused");
        };
        expect(await messageOf({})).to.equal("--post is for jobs of GitLab CI and GitHub Actions");
        expect(await messageOf({ GITLAB_CI: "true" })).to.include("CI_MERGE_REQUEST_IID is not set");
        expect(await messageOf(environment.github("http://localhost"))).to.include("run of a pull request");
        await service("gitlab", async (url) => {
            const refused = await messageOf({ ...environment.gitlab(url), PLINTH_NOTE_TOKEN: "another" });
            expect(refused).to.include("failed: 401").and.not.to.include("another");
        });
    });

    it("says why a service cannot be reached", async () => {
        let answer = "<html>Log in</html>";
        const server = createServer((_, response) => response.end(answer));
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const asked = `GET ${url}/user failed: `;
        const refused = async (api = url) => {
            const error = await postNote("x", environment.gitlab(api)).catch((thrown: unknown) => thrown);
            expect(error).to.be.instanceOf(UserError);
            return (error as Error).message;
        };
        expect(await refused()).to.equal(`${asked}the answer is not valid JSON: "<html>Log in</html>"`);
        answer = "[]";
        expect(await refused()).to.equal(`${asked}the answer does not match the service's API: []`);
        server.close();
        server.closeAllConnections();
        // No server listens any more, and no kept connection is left.
        const gone = createServer().listen(0, "127.0.0.1");
        await once(gone, "listening");
        const { port } = gone.address() as AddressInfo;
        gone.close();
        expect(await refused(`http://127.0.0.1:${port}`)).to.equal(
            `GET http://127.0.0.1:${port}/user failed: connect ECONNREFUSED 127.0.0.1:${port}`,
        );
    });
});

async function text(request: IncomingMessage): Promise<string> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
}
