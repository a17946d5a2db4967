import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { expect } from "chai";
import { baseImages } from "../../operations/images/baseImages";
import { goProgram, scratch } from "../support/tools";

/** Output of tests/tools/dockerfiles for one Dockerfile. */
interface Dockerfile {
    readonly path: string;
    readonly errors: string[];
    readonly warnings: string[];
    readonly args: Readonly<Record<string, string>>;
    readonly stages: readonly Stage[];
}

interface Stage {
    readonly name: string;
    readonly from: string;
    readonly user: string;
    readonly copies: readonly { from: string; sources: string[]; dest: string }[];
}

interface Target {
    readonly name: string;
    /** Folder of the build context, from the root of the repository. */
    readonly context: string;
    readonly target: string;
    readonly platforms: readonly string[];
}

const root = join(__dirname, "..", "..");
const bakeFile = join(root, "images", "docker-bake.hcl");

/** The targets that `docker buildx bake` builds by default: named in a group, with inherited settings. */
function targetsOf(text: string): Target[] {
    const blocks = (kind: string) =>
        [...text.matchAll(new RegExp(`^${kind} "([^"]+)" \\{\\n([^]*?)^\\}`, "gm"))].map(
            ([, name, body]) => [name!, body!] as const,
        );
    const list = (body: string, key: string) =>
        [...(new RegExp(`^\\s*${key} = \\[([^\\]]*)\\]`, "m").exec(body)?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(
            ([, one]) => one!,
        );
    const bodies = new Map(blocks("target"));
    const groups = new Map(blocks("group").map(([name, body]) => [name, list(body, "targets")]));
    const expand = (name: string): string[] => groups.get(name)?.flatMap(expand) ?? [name];
    const textOf = (name: string, key: string): string => {
        const body = bodies.get(name) ?? "";
        return (
            new RegExp(`^\\s*${key} = "([^"]+)"`, "m").exec(body)?.[1] ??
            list(body, "inherits")
                .map((parent) => textOf(parent, key))
                .find((one) => one !== "") ??
            ""
        );
    };
    const platforms = (name: string): string[] => {
        const body = bodies.get(name) ?? "";
        const own = list(body, "platforms");
        return own.length > 0 ? own : list(body, "inherits").flatMap(platforms);
    };
    return expand("default").map((name) => ({
        name,
        context: textOf(name, "context"),
        target: textOf(name, "target"),
        platforms: platforms(name),
    }));
}

const isStage = (file: Dockerfile, name: string, before = file.stages.length): boolean =>
    file.stages.slice(0, before).some((stage) => stage.name === name);

/** A tag with at least two numbers, or a digest: what a registry does not move under us to another minor version. */
const pinned = (image: string): boolean =>
    image === "scratch" || /@sha256:[0-9a-f]{64}$/.test(image) || /:v?\d+\.\d+[^/:]*$/.test(image);

/** Whether a source of COPY is in the build context; its last part may contain asterisks. */
function inContext(context: string, source: string): boolean {
    const path = join(context, source);
    if (!source.includes("*")) return existsSync(path);
    const pattern = new RegExp(`^${basename(path).replace(/[.+?]/g, "\\$&").replaceAll("*", ".*")}$`);
    return existsSync(dirname(path)) && readdirSync(dirname(path)).some((name) => pattern.test(name));
}

describe("Dockerfiles", function () {
    this.timeout(60_000);
    const folder = scratch();
    let checker: string;
    const read = (paths: readonly string[]): Dockerfile[] =>
        JSON.parse(execFileSync(checker, [...paths], { encoding: "utf8" }));
    let files: Dockerfile[];

    before(async function () {
        checker = await goProgram(this, "dockerfiles");
        files = read(
            readdirSync(join(root, "images"))
                .map((name) => join(root, "images", name, "Dockerfile"))
                .filter(existsSync),
        );
    });
    after(() => folder.clean());

    /** Fails with all findings at once. */
    const none = (findings: readonly string[]) => expect(findings, findings.join("\n")).to.deep.equal([]);
    const of = (file: Dockerfile, messages: readonly string[]) =>
        messages.map((message) => `${relative(root, file.path)}: ${message}`);

    it("are read by BuildKit without an error or a warning", () => {
        expect(files).not.to.deep.equal([]);
        none(files.flatMap((file) => of(file, [...file.errors, ...file.warnings])));
    });

    it("start from images with an explicit version", () => {
        const loose = (file: Dockerfile) =>
            file.stages
                .filter(({ from }, index) => !isStage(file, from, index) && !pinned(from))
                .map(({ from }) => `FROM ${from}`);
        none(files.flatMap((file) => of(file, loose(file))));
    });

    it("start from images whose digests `plinth pin` writes, all of them", () => {
        const found = baseImages(root).map(({ file, reference, digest }) => `${file} ${reference}@${digest ?? ""}`);
        for (const { path, stages } of files)
            for (const [index, { from }] of stages.entries())
                if (!isStage({ stages } as Dockerfile, from, index) && from !== "scratch")
                    expect(found).to.include(`${relative(root, path)} ${from}${from.includes("@") ? "" : "@"}`);
    });

    it("copy from earlier stages, and from files that exist", () => {
        const missing = (file: Dockerfile) =>
            file.stages.flatMap((stage, index) =>
                stage.copies.flatMap(({ from, sources }) => {
                    if (from !== "")
                        return isStage(file, from, index) || pinned(from) ? [] : [`there is no stage ${from}`];
                    return sources
                        .filter((source) => !inContext(dirname(file.path), source))
                        .map((source) => `there is no ${source}`);
                }),
            );
        none(files.flatMap((file) => of(file, missing(file))));
    });

    it("make images that run as a numeric user who is not root", () => {
        const targets = targetsOf(readFileSync(bakeFile, "utf8"));
        const findings = targets.flatMap(({ name, context, target }) => {
            const file = files.find(({ path }) => dirname(path) === join(root, context));
            const stage = target === "" ? file?.stages.at(-1) : file?.stages.find((one) => one.name === target);
            if (!stage) return [`${name}: there is no stage ${target} in ${context}/Dockerfile`];
            return /^[1-9]\d*(:\d+)?$/.test(stage.user) ? [] : [`${name}: USER is "${stage.user}"`];
        });
        none(findings);
    });

    it("are built for both architectures, all of them", () => {
        const targets = targetsOf(readFileSync(bakeFile, "utf8"));
        expect(targets).not.to.deep.equal([]);
        for (const { name, platforms, context } of targets) {
            expect(platforms, name).to.have.members(["linux/amd64", "linux/arm64"]);
            expect(existsSync(join(root, context, "Dockerfile")), `${name}: ${context}/Dockerfile`).to.equal(true);
        }
        const built = new Set(targets.map(({ context }) => join(root, context)));
        none(
            files
                .filter(({ path }) => !built.has(dirname(path)))
                .map(({ path }) => `no target builds ${relative(root, path)}`),
        );
    });

    it("fail these checks if they are wrong", () => {
        const bad = join(folder.path, "Dockerfile");
        const check = (...lines: string[]) => {
            writeFileSync(bad, `${lines.join("\n")}\n`);
            return read([bad])[0]!;
        };
        expect(check("FROM alpine:3.24", "COPPY a b").errors.join()).to.contain("COPPY");
        expect(check("FROM alpine:3.24", "WORKDIR app", "CMD echo hello").warnings.join())
            .to.match(/WorkdirRelativePath/)
            .and.match(/JSONArgsRecommended/);
        expect(
            check("ARG TAG=3.24.1", "FROM alpine:${TAG}", "COPY --from=nowhere /a /b", "USER nobody").stages,
        ).to.deep.include({
            name: "",
            from: "alpine:3.24.1",
            user: "nobody",
            copies: [{ from: "nowhere", sources: ["/a"], dest: "/b", chown: "" }],
            expose: [],
            entrypoint: [],
            args: [],
        });
        expect(
            ["alpine", "alpine:latest", "alpine:3", "php:fpm-alpine", "localhost:5000/alpine"].filter(pinned),
        ).to.deep.equal([]);
    });
});
