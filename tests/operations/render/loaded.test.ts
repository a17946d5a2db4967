import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { scratch } from "../../support/tools";

const root = join(__dirname, "..", "..", "..");

/** Packages that only registering needs, and those that transport its requests. */
const heavy = /[\\/]node_modules[\\/](@pulumi|@grpc|google-protobuf|protobufjs)[\\/]/;

describe("looking at a stack", function () {
    this.timeout(60_000);
    const folder = scratch();
    after(() => folder.clean());

    /** Every file that a Node process has loaded by its end. */
    async function loadedBy(...args: readonly string[]): Promise<string[]> {
        const hook = join(folder.path, "hook.cjs");
        const list = join(folder.path, "loaded.json");
        writeFileSync(
            hook,
            `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(list)}, JSON.stringify(Object.keys(require.cache))));`,
        );
        const { exitCode, all } = await execa(process.execPath, ["--require", hook, ...args], {
            cwd: root,
            all: true,
            reject: false,
        });
        expect(exitCode, all).to.equal(0);
        return JSON.parse(readFileSync(list, "utf8")) as string[];
    }

    for (const args of [
        ["config", "check", "dev"],
        ["render", "dev"],
        ["preview", "dev", "--offline"],
    ])
        it(`loads neither the SDK nor gRPC: ${args.join(" ")}`, async () => {
            const loaded = await loadedBy(join("cli", "plinth.cjs"), ...args);
            expect(loaded).to.include(join(root, "platforms", "program.ts"));
            expect(loaded.filter((file) => heavy.test(file))).to.deep.equal([]);
        });

    it("differs from the engine's run, which loads both", async () => {
        const loaded = await loadedBy("--require", "./cli/loader.cjs", "--eval", 'require("./index.ts")');
        for (const name of ["@pulumi/pulumi", "@pulumi/kubernetes", "@pulumi/random", "@grpc/grpc-js"])
            expect(
                loaded.some((file) => file.includes(join("node_modules", name))),
                name,
            ).to.equal(true);
    });
});
