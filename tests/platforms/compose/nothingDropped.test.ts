import { expect } from "chai";
import { composeProperties } from "../../support/composeSchema";
import { jobSamples, quiet, type Sample, samples } from "./samples";
import { convert, targetOf } from "./support";

type Tree = Record<string, unknown>;

const files = {
    Dockerfile: "FROM scratch\n",
    Other: "FROM scratch\n",
    text: "a text\n",
    "some.env": "FROM_FILE=1\n",
    ".env": "TEXT=a\nOTHER=b\n",
    "base.yaml": "services: {base: {image: own/base:1, working_dir: /base}}\n",
    "data/Dockerfile": "FROM scratch\n",
};

const services = Object.keys(samples).filter((path) => !path.startsWith("/"));
const resources = Object.keys(samples).filter((path) => path.startsWith("/"));

/** A project with the sample, and the property set to something else, or left out. */
function projectOf({ web = {}, rest = {} }: Sample, path: readonly string[], value?: unknown): object {
    const { services: others, ...top } = structuredClone(rest) as { services?: object };
    const own = Object.fromEntries(
        Object.entries({ image: "own/web:1", ports: ["80:80"], ...structuredClone(web) }).filter(
            ([, one]) => one !== null,
        ),
    );
    const project = { name: "shop", services: { web: own, ...others }, ...top };
    if (path.length > 0) change(project, path, value);
    return project;
}

/** Sets the value at each place of a path, or deletes it. */
function change(tree: unknown, [key, ...more]: readonly string[], value: unknown): void {
    const at = tree as Tree;
    const keys = key === "*" ? Object.keys(at) : [key!];
    for (const one of keys) {
        if (more.length > 0) change(at[one], more, value);
        else if (value === undefined) delete at[one];
        else at[one] = value;
    }
}

const partsOf = (path: string): string[] => path.replaceAll("[]", ".0").split(".");

/** What becomes of a project: its objects and builds, and what is said about it. */
function resultOf(project: object): { made: string; said: readonly string[] } {
    try {
        const { objects, warnings, folder } = convert(project, { files });
        const made = JSON.stringify([objects, targetOf(project, files)]);
        return { made: made.replaceAll(folder, ""), said: warnings };
    } catch (error) {
        return { made: "", said: (error as Error).message.split("\n").slice(1) };
    }
}

/** Whether something is made of it, or a word is said: of the property, or of what it is part of. */
function isHeeded(sample: Sample, path: readonly string[]): boolean {
    const given = resultOf(projectOf(sample, []));
    const about = given.said.map((line) =>
        /compose\.yaml[:\d]*: ([^:]+):/.exec(line)?.[1]?.replace(/\[(\d+)\]/g, ".$1"),
    );
    const isPart = (of: string | undefined) => {
        const parts = of?.split(".") ?? [];
        const isSame = parts.every((part, at) => at >= path.length || path[at] === "*" || path[at] === part);
        return isSame && parts.length > (path[0] === "services" ? 2 : 1);
    };
    if (about.some(isPart)) return true;
    const other = resultOf(projectOf(sample, path, sample.instead));
    if (given.made !== "") return given.made !== other.made;
    // What is refused is refused for the property.
    return given.said.some((line) => line.includes(path[2]!)) && other.made !== "";
}

describe("a property of the Compose specification", () => {
    const properties = composeProperties();
    const below = (prefix: string) =>
        properties.flatMap((path) => (path.startsWith(prefix) ? [path.slice(prefix.length)] : []));

    it("has a sample, each one of a service", () => {
        const all = below("services.*.").filter((path) => !path.startsWith("pre_start[]"));
        expect(services).to.have.members(all);
    });
    it("has a sample, each one of networks, volumes, secrets, configs and models", () => {
        const all = properties.filter((path) => /^(networks|volumes|secrets|configs|models)\./.test(path));
        expect(resources).to.have.members(all.map((path) => `/${path}`));
    });
    it("has a sample, or is a service's, each one of a job", () => {
        const all = below("jobs.*.").filter((path) => !services.includes(path) || path === "profiles");
        expect(Object.keys(jobSamples)).to.have.members(all);
    });

    for (const path of services)
        it(`${path in quiet ? "needs no word" : "is heeded"}: ${path}`, () => {
            expect(isHeeded(samples[path]!, ["services", "web", ...partsOf(path)])).to.equal(!(path in quiet));
        });
    for (const path of resources)
        it(`${path in quiet ? "needs no word" : "is heeded"}: ${path.slice(1)}`, () => {
            const [section, , ...keys] = partsOf(path.slice(1));
            const at = keys[0] === "external" ? ["external"] : keys;
            const name = { volumes: "data", networks: "front" }[section!] ?? "one";
            expect(isHeeded(samples[path]!, [section!, name, ...at])).to.equal(!(path in quiet));
        });
    for (const [path, sample] of Object.entries(jobSamples))
        it(`is heeded: jobs.*.${path}`, () => {
            expect(isHeeded(sample, ["jobs", "one", ...partsOf(path)])).to.equal(true);
        });

    it("is heeded, each one of a container before a service", () => {
        const keys = [...new Set(below("services.*.pre_start[].").map((path) => path.split(/[.[]/)[0]!))];
        const dropped = keys.filter((key) => {
            if (key === "per_replica") return false;
            const path = services.find((one) => one === key || new RegExp(`^${key}[.[]`).test(one))!;
            const { web, ...others } = samples[path]!;
            const step = { image: "own/step:1", command: ["x"], [key]: web![key] };
            const sample = { ...others, web: { pre_start: [step] }, instead: undefined };
            return !isHeeded(sample, ["services", "web", "pre_start", "0", key]);
        });
        // Without a container of its own, these say nothing of a step.
        expect(dropped).to.have.members(["annotations", "label_file", "labels", "pull_policy"]);
        const replicas = { web: { deploy: { replicas: 2 }, pre_start: [{ command: ["x"], per_replica: true }] } };
        expect(
            isHeeded({ ...replicas, instead: false }, ["services", "web", "pre_start", "0", "per_replica"]),
        ).to.equal(false);
    });
}).timeout(600_000);
