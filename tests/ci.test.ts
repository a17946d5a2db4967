import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";
import { stackNames } from "../operations/stackfile/stackFile";
import { goProgram, program, pythonProgram } from "./support/tools";

const root = join(__dirname, "..");
const folder = join(root, ".github", "workflows");
const workflows = readdirSync(folder).map((name) => join(folder, name));
const gitlabFile = join(root, ".gitlab-ci.yml");

interface Job {
    readonly extends?: string;
    readonly script?: string[];
    readonly before_script?: string[];
    readonly rules?: { if?: string; when?: string }[];
    readonly environment?: { name: string; action?: string };
    readonly resource_group?: string;
    readonly cache?: Cache;
    readonly artifacts?: { reports?: { cyclonedx?: string } };
}
interface Cache {
    readonly key: { prefix?: string; files: string[] };
    readonly paths: string[];
    readonly unprotect?: boolean;
}
interface Workflow {
    readonly on: Record<string, { branches?: string[] } | null>;
    readonly permissions: Record<string, string>;
    readonly jobs: Record<
        string,
        {
            if?: string;
            permissions?: Record<string, string>;
            environment?: string;
            concurrency?: { group: string; "cancel-in-progress": boolean };
            steps: { uses?: string; run?: string; env?: Record<string, string>; with?: Record<string, unknown> }[];
        }
    >;
}

const gitlab = parse(readFileSync(gitlabFile, "utf8")) as Record<string, Job>;
const { IMAGE } = gitlab["variables"] as unknown as { IMAGE: string };
const caches = Object.values(gitlab).flatMap(({ cache }) => cache ?? []);
const cached = caches.flatMap(({ paths }) => paths);
const gitlabJobs = Object.entries(gitlab).filter(([, job]) => Array.isArray(job.script));
const github = Object.fromEntries(workflows.map((path) => [path, parse(readFileSync(path, "utf8")) as Workflow]));
const githubJobs = Object.values(github).flatMap(({ jobs }) => Object.entries(jobs));
const githubJob = (name: string) => githubJobs.find(([own]) => own === name)![1];

describe("the pipelines", function () {
    this.timeout(300_000);

    it("match the services' schemas", async function () {
        const check = await pythonProgram(this, "check-jsonschema");
        const run = (schema: string, ...args: string[]) => execa(check, ["--builtin-schema", schema, ...args]);
        await run("vendor.gitlab-ci", "--data-transform", "gitlab-ci", gitlabFile);
        await run("vendor.github-workflows", ...workflows);
    });

    it("of GitHub have expressions and scripts that actionlint and shellcheck accept", async function () {
        const shellcheck = program(this, "shellcheck");
        const actionlint = await goProgram(this, "actionlint", "github.com/rhysd/actionlint/cmd/actionlint");
        await execa(actionlint, ["-no-color", "-shellcheck", shellcheck, ...workflows]);
    });

    it("of GitLab have scripts that shellcheck accepts", function () {
        const shellcheck = program(this, "shellcheck");
        for (const [, { before_script = [], script = [] }] of gitlabJobs)
            execFileSync(shellcheck, ["--shell=sh", "-"], { input: [...before_script, ...script].join("\n") });
        execFileSync(shellcheck, ["--external-sources", ".ci/run", "plinth", "tests/roots/roots"], { cwd: root });
    });

    it("pin every third-party action by commit, and use the same Node version on both services", () => {
        const steps = githubJobs.flatMap(([, job]) => job.steps);
        const uses = steps.flatMap((step) => step.uses ?? []);
        expect(uses).not.to.have.length(0);
        for (const action of uses) expect(action).to.match(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
        const [, node] = /node:([\d.]+)-/.exec(IMAGE)!;
        for (const path of workflows)
            for (const [, version] of readFileSync(path, "utf8").matchAll(/node(?:-version: "|:)(\d[\d.]+)/g))
                expect(version, path).to.equal(node);
    });

    it("of GitLab keep files in folders of the checkout that the source checks skip", async () => {
        const { ESLint } = await import("eslint");
        const { getFileInfo } = await import("prettier");
        expect(caches).not.to.have.length(0);
        for (const path of cached) {
            const file = join(root, path, "downloaded", "file.js");
            expect(await new ESLint({ cwd: root }).isPathIgnored(file), path).to.equal(true);
            const { ignored } = await getFileInfo(file, { ignorePath: join(root, ".gitignore") });
            expect(ignored, path).to.equal(true);
        }
    });

    it("of GitLab have kubectl in every job that runs the engine", () => {
        for (const [name, { script, extends: base }] of gitlabJobs)
            if (/plinth (launch|drift|review (?!.*--offline))/.test(script!.join("\n")))
                expect(base, name).to.equal(".kubectl");
        expect(gitlab[".kubectl"]!.before_script!.join("\n")).to.match(/apt-get install .* kubectl$/);
    });

    it("show forks the offline review, in a job without secrets or rights", () => {
        const [own, offline] = [githubJob("review"), githubJob("review-offline")];
        const isOwn = "github.event.pull_request.head.repo.full_name == github.repository";
        expect(own.if).to.match(new RegExp(`^${isOwn} &&`));
        expect(offline.if).to.match(new RegExp(`^${isOwn.replace("==", "!=")} \\|\\|`));
        expect(JSON.stringify(offline))
            .to.include("--offline")
            .and.not.to.match(/secrets\.|vars\.|"environment"/);
        // It would run a fork's code with the secrets of this repository.
        for (const { on } of Object.values(github))
            expect(on).not.to.have.any.keys("pull_request_target", "workflow_run");

        const both = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID";
        const rules = (name: string) => gitlab[name]!.rules!;
        expect(rules("review").map((rule) => rule.if)).to.have.length(1);
        expect(rules("review")[0]!.if).to.include(`&& ${both} &&`);
        expect(rules("review-offline").find((rule) => rule.if?.includes(both))!.when).to.equal("never");
        expect(gitlab["review-offline"]!.environment).to.equal(undefined);
        expect(gitlab["review-offline"]!.script!.join()).to.include("--offline");
    });

    it("review with the guard on, and never fall back to the offline preview", () => {
        const commands = [...gitlab["review"]!.script!, ...githubJob("review").steps.flatMap(({ run }) => run ?? [])];
        expect(commands.filter((line) => line.includes("plinth review"))).to.have.length(2);
        for (const line of commands.filter((one) => one.includes("plinth review")))
            expect(line).to.include("--no-offline").and.include("--post");
        for (const line of commands) expect(line).not.to.match(/accept-loss|\|\| true/);
    });

    it("launch one stack at a time, with rights that no other job has", () => {
        expect(gitlab["deploy"]).to.deep.include({
            interruptible: false,
            resource_group: "$CI_COMMIT_BRANCH",
            environment: { name: "$CI_COMMIT_BRANCH" },
        });
        expect(gitlab["drift"]!.resource_group).to.equal("$STACK");
        const { environment, concurrency } = githubJob("deploy");
        expect(environment).to.equal("${{ github.ref_name }}");
        expect(concurrency).to.deep.equal({ group: "plinth-${{ github.ref_name }}", "cancel-in-progress": false });
        // Another job in the deployment's group would cancel a waiting deployment.
        for (const [name, job] of githubJobs) if (name !== "deploy") expect(job.concurrency, name).to.equal(undefined);
        for (const job of [githubJob("review"), githubJob("drift")]) expect(job.environment).to.match(/^preview-/);
        for (const job of ["review", "drift"]) expect(gitlab[job]!.environment!.name).to.match(/^preview\//);

        for (const { permissions } of Object.values(github)) expect(permissions).to.deep.equal({ contents: "read" });
        const more: Record<string, Record<string, string>> = {
            review: { contents: "read", "pull-requests": "write" },
            deploy: { contents: "read", actions: "read" },
        };
        for (const [name, job] of githubJobs) expect(job.permissions, name).to.deep.equal(more[name]);
    });

    it("of a protected branch read no cache that other branches can write, and no programs from any cache", () => {
        expect(caches).not.to.have.length(0);
        for (const { key, unprotect } of caches) {
            expect(key.prefix).to.match(/\$CI_COMMIT_REF_PROTECTED$/);
            expect(unprotect).to.equal(undefined);
        }
        // npm compares the contents of its cache with package-lock.json.
        const withSecrets = gitlabJobs.filter(([, { environment }]) => environment);
        expect(withSecrets.map(([name]) => name)).to.deep.equal(["review", "deploy", "drift"]);
        const { cache: usual } = gitlab["default"]!;
        for (const [name, { cache = usual }] of withSecrets) expect(cache!.paths, name).to.deep.equal([".cache/npm"]);
        for (const [name, { steps }] of githubJobs)
            for (const { uses = "", with: settings } of steps) {
                expect(uses, name).not.to.match(/^(actions\/cache|pulumi\/)/);
                if (settings?.["cache"]) expect(settings["cache"], name).to.equal("npm");
            }
    });

    it("record the packages of a deployment", async () => {
        const lines = [gitlab["deploy"]!.script!, githubJob("deploy").steps.flatMap(({ run }) => run ?? [])].map(
            (script) => script.find((line) => line.startsWith("npm sbom"))!,
        );
        expect(lines[0]).to.equal(lines[1]);
        const [command, file] = lines[0]!.split(" > ") as [string, string];
        expect(gitlab["deploy"]!.artifacts!.reports!.cyclonedx).to.equal(file);
        const upload = githubJob("deploy").steps.find(({ uses }) => uses?.startsWith("actions/upload-artifact@"))!;
        expect(upload.with).to.include({ path: file });
        const [npm, ...args] = command.split(" ") as [string, ...string[]];
        const { stdout } = await execa(npm, args, { cwd: root });
        const { bomFormat, components } = JSON.parse(stdout) as {
            bomFormat: string;
            components: { purl: string; hashes: unknown[] }[];
        };
        expect(bomFormat).to.equal("CycloneDX");
        const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
            packages: Record<string, { version: string; optional?: boolean }>;
        };
        const purls = new Set(components.map(({ purl }) => purl));
        const installed = Object.entries(packages).filter(([path, { optional }]) => path && !optional);
        for (const [path, { version }] of installed) {
            const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
            expect(purls, path).to.include(`pkg:npm/${name.replace("@", "%40")}@${version}`);
        }
        expect(components.every(({ hashes }) => hashes.length > 0)).to.equal(true);
    });

    it("run every live suite", () => {
        const { matrix } = (githubJob("live") as unknown as { strategy: { matrix: { suite: string[] } } }).strategy;
        const files = readdirSync(join(root, "tests", "live")).filter((name) => name.endsWith(".live.ts"));
        expect(matrix.suite.map((name) => `${name}.live.ts`)).to.have.members(files);
    });

    it("cover every stack except the development stack", () => {
        // Other tests temporarily write stacks of their own.
        const stacks = stackNames()
            .filter((name) => name !== "dev" && !name.endsWith("-by-a-test"))
            .sort();
        for (const path of [gitlabFile, join(folder, "checks.yml")]) {
            const text = readFileSync(path, "utf8");
            for (const stack of stacks) expect(text, `${stack} in ${path}`).to.include(stack);
        }
        const deploy = github[join(folder, "deploy.yml")]!;
        expect([...deploy.on["push"]!.branches!].sort()).to.deep.equal(stacks);
    });
});
