import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { circlesIn } from "../compose/check/circles";
import { importsOf, linesOf, stateIn } from "./support/imports";

const root = join(__dirname, "..");

/** What imports only what stands before it */
const layers = ["config", "components", "compose", "platforms", "index.ts", "operations", "cli"];

/** Of `operations/`: the rooms that all others build on, lowest first. */
const foundations = ["system", "stackfile", "render", "engine", "cluster", "session.ts"].map(
    (room) => `operations/${room}`,
);

describe("the sources", () => {
    const imports = importsOf(root, [...layers, "sandbox"]);

    it("pass the compiler, the linter and the formatter", async () => {
        const { exitCode, all } = await execa("npm", ["run", "check"], { cwd: root, all: true, reject: false });
        expect(exitCode, all).to.equal(0);
    }).timeout(300_000);

    it("import only from lower layers, and no commands", () => {
        expect(upwards(layers)).to.deep.equal([]);
        expect(upwards(foundations)).to.deep.equal([]);
        const fromWork = [...imports].flatMap(([file, others]) =>
            others
                .filter((other) => isIn(foundations, file) && isIn(["operations"], other) && !isIn(foundations, other))
                .map((other) => `${file} imports ${other}`),
        );
        expect(fromWork).to.deep.equal([]);
    });

    it("import Pulumi's packages in one place, except for types", () => {
        const places = ["index.ts", "components/registering"];
        const loads = /^import (?!type )[^;]*? from "@pulumi\/|require\("@pulumi\//m;
        const others = [...imports.keys()].filter(
            (file) => !isIn(places, file) && loads.test(readFileSync(join(root, file), "utf8")),
        );
        expect(others).to.deep.equal([]);
    });

    it("have no import cycles", () => {
        const circles = circlesIn(imports.keys(), (file) => imports.get(file) ?? []);
        expect(circles.map((circle) => circle.join(" → "))).to.deep.equal([]);
    });

    it("keep no state between calls: a stack's state is in its session", () => {
        const found = [...imports.keys()]
            .filter((file) => isIn(layers, file))
            .flatMap((file) => stateIn(join(root, file)).map((name) => `${file}: ${name}`));
        expect(found).to.deep.equal([]);
    });

    it("keep commands and their output to a sixth of the code", () => {
        const lines = (folder: string) =>
            [...imports.keys()]
                .filter((file) => isIn([folder], file))
                .reduce((sum, file) => sum + linesOf(join(root, file)), 0);
        const all = [...layers, "sandbox"].reduce((sum, folder) => sum + lines(folder), 0);
        expect(lines("cli") / all).to.be.below(0.17);
    });

    it("are short: 300 lines per file, 400 per test, or a reason at the top", () => {
        const tests = importsOf(root, ["tests"]).keys();
        const tooLong = [...imports.keys(), ...tests].flatMap((file) => {
            const lines = readFileSync(join(root, file), "utf8").trimEnd().split("\n");
            const isExcused = lines.slice(0, 20).some((line) => /^(\/\/| \*) Longer than \d+ lines: \S/.test(line));
            const most = file.startsWith("tests/") ? 400 : 300;
            return lines.length > most && !isExcused ? [`${file}: ${lines.length} lines`] : [];
        });
        expect(tooLong).to.deep.equal([]);
    });

    /** The imports that lead from an entry of a list to a later one. */
    function upwards(places: readonly string[]): string[] {
        const rank = (file: string) => places.findIndex((place) => isIn([place], file));
        return [...imports].flatMap(([file, others]) =>
            others
                .filter((other) => rank(file) >= 0 && rank(other) > rank(file))
                .map((other) => `${file} imports ${other}`),
        );
    }
});

const isIn = (places: readonly string[], file: string): boolean =>
    places.some((place) => file === place || file.startsWith(`${place}/`));
