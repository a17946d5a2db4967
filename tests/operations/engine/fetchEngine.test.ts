import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { allArchives, archivesFor, pins } from "../../../operations/engine/archives";
import { Unreachable } from "../../../operations/system/download";
import { fetchedEngine, fetchEngine } from "../../../operations/engine/fetchEngine";
import { dependencies } from "../../../package.json";
import { archiveOf, Downloads, sha256 } from "../../support/downloads";
import { scratch } from "../../support/tools";

const machine = "linux-x64";
const [cli, kubernetes, random] = archivesFor(machine)!;
const list = `releases/v${pins.pulumi}/pulumi-${pins.pulumi}-checksums.txt`;

describe("the archives of the engine", () => {
    it("include the plugin of each provider whose resources are registered", () => {
        const classes = join(__dirname, "..", "..", "..", "components", "registering", "classes.ts");
        const imported = [...readFileSync(classes, "utf8").matchAll(/^import \* as \w+ from "@pulumi\/(\w+)"/gm)];
        expect(imported.map(([, plugin]) => plugin)).to.include.members(["kubernetes", "random", "tls"]);
        for (const [, plugin] of imported) {
            const file = `plugins/pulumi-resource-${plugin}-v${dependencies[`@pulumi/${plugin}` as keyof typeof dependencies]}-linux-amd64.tar.gz`;
            expect(archivesFor(machine)!.map(({ path }) => path)).to.include(file);
        }
    });
});

describe("the downloaded engine", () => {
    const folder = scratch();
    let site: Downloads;
    let home: string;
    let homes = 0;
    const archives = new Map<string, Buffer>();

    before(async () => {
        site = await Downloads.start();
        const program = (text: string) => `#!/bin/sh\necho ${text}\n`;
        const cliFiles = { "pulumi/pulumi": program(`v${pins.pulumi}`), "pulumi/pulumi-language-nodejs": program("") };
        archives.set(cli!.name, archiveOf(folder.path, "cli.tar.gz", cliFiles));
        for (const { name } of [kubernetes!, random!])
            archives.set(
                name,
                archiveOf(folder.path, name, { [/^pulumi-resource-[a-z]+/.exec(name)![0]]: program(name) }),
            );
    });
    beforeEach(() => {
        home = join(folder.path, `home-${homes++}`);
        mkdirSync(home);
        site.wanted.length = 0;
        site.cut.clear();
        site.files.clear();
        for (const archive of [cli!, kubernetes!, random!])
            site.files.set(`get/${archive.path}`, archives.get(archive.name)!);
        site.files.set(list, `${sha256("x")}  another.tar.gz\n${sumOf(cli!.name)}  ${cli!.name}\n`);
    });
    after(() => {
        site.stop();
        folder.clean();
    });

    const sumOf = (name: string) => sha256(archives.get(name)!);
    const pinned = (...names: string[]) => ({
        pulumi: pins.pulumi,
        sha256: Object.fromEntries(names.map((name) => [name, sumOf(name)])),
    });
    const fetch = (some: typeof pins, on = machine) => fetchEngine(home, { site: site.site, pins: some, machine: on });
    const failure = (work: Promise<unknown>): Promise<Error | undefined> =>
        work.then(
            () => undefined,
            (error: Error) => error,
        );

    it("is installed with its plugins if all match their pins", async () => {
        await fetch(pinned(cli!.name, kubernetes!.name, random!.name));
        expect(execFileSync(fetchedEngine(home), { encoding: "utf8" })).to.equal(`v${pins.pulumi}\n`);
        expect(readdirSync(join(home, "plugins")).sort()).to.deep.equal([
            `resource-kubernetes-v${dependencies["@pulumi/kubernetes"]}`,
            `resource-random-v${dependencies["@pulumi/random"]}`,
        ]);
        const plugin = join(home, kubernetes!.folder, "pulumi-resource-kubernetes");
        expect(execFileSync(plugin, { encoding: "utf8" })).to.equal(`${kubernetes!.name}\n`);
        // Nothing else remains, and no list was requested.
        expect(readdirSync(home).sort()).to.deep.equal(["plugins", "versions"]);
        expect(site.wanted).to.deep.equal([cli!, kubernetes!, random!].map(({ path }) => `get/${path}`));
        await fetch(pinned(cli!.name, kubernetes!.name, random!.name));
        expect(site.wanted).to.have.length(3);
    });

    it("is refused before unpacking if it does not match its pin", async () => {
        for (const { name, path, folder: where } of [cli!, kubernetes!]) {
            const all = pinned(cli!.name, kubernetes!.name, random!.name);
            const wrong = { ...all, sha256: { ...all.sha256, [name]: sha256("what it was") } };
            const error = await failure(fetch(wrong));
            expect(error).not.to.be.instanceOf(Unreachable);
            expect(error!.message)
                .to.include(`${site.site.downloads}/${path} was not installed`)
                .and.include(sumOf(name))
                .and.include(`operations/engine/pins.json has\n  ${sha256("what it was")}`);
            expect(existsSync(join(home, where)), where).to.equal(false);
            expect(readdirSync(home).filter((one) => one.startsWith("fetching"))).to.deep.equal([]);
        }
    });

    it("is compared with its release's checksums without a pin, and the engine downloads its plugins itself", async () => {
        await fetch(pinned());
        expect(existsSync(fetchedEngine(home))).to.equal(true);
        expect(site.wanted).to.deep.equal([list, `get/${cli!.path}`]);
    });

    it("is refused if its release's list has another checksum, or none", async () => {
        site.files.set(list, `${sha256("another")}  ${cli!.name}\n`);
        expect((await failure(fetch(pinned())))!.message).to.include(`its release says\n  ${sha256("another")}`);
        // Of a length other than SHA-256, or of another file.
        site.files.set(list, `${"0".repeat(40)}  ${cli!.name}\n${sumOf(cli!.name)}  ${cli!.name}.sig\n`);
        expect((await failure(fetch(pinned())))!.message).to.include(`do not include ${cli!.name}`);
        expect(readdirSync(home)).to.deep.equal([]);
    });

    it("is missing, not wrong, if it cannot be downloaded", async () => {
        site.files.delete(`get/${cli!.path}`);
        const gone = await failure(fetch(pinned(cli!.name)));
        expect(gone).to.be.instanceOf(Unreachable);
        expect(gone!.message).to.equal(`${site.site.downloads}/${cli!.path} answered 404`);
        site.files.set(`get/${cli!.path}`, archives.get(cli!.name)!);
        site.cut.add(`get/${cli!.path}`);
        const half = await failure(fetch(pinned(cli!.name)));
        expect(half).to.be.instanceOf(Unreachable);
        expect(half!.message).to.include("ended early");
        expect(readdirSync(home)).to.deep.equal([]);
        expect((await failure(fetch(pinned(), "win32-x64")))!.message).to.include("win32-x64");
    });

    it("is downloaded once by two concurrent processes", async () => {
        await Promise.all([fetch(pinned(cli!.name)), fetch(pinned(cli!.name))]);
        expect(site.wanted).to.deep.equal([`get/${cli!.path}`]);
    });

    it("is no older than the SDK that the program uses", () => {
        const [major, minor, patch] = pins.pulumi.split(".").map(Number) as [number, number, number];
        const sdk = dependencies["@pulumi/pulumi"].split(".").map(Number) as [number, number, number];
        expect(sdk[0]).to.equal(major);
        expect(sdk[1] * 1000 + sdk[2], `SDK ${sdk.join(".")}, CLI ${pins.pulumi}`).to.be.at.most(minor * 1000 + patch);
        const { version } = JSON.parse(readFileSync(require.resolve("@pulumi/pulumi/package.json"), "utf8")) as {
            version: string;
        };
        expect(version).to.equal(dependencies["@pulumi/pulumi"]);
    });

    it("has pins of existing archives only", () => {
        const names = allArchives().map(({ name }) => name);
        const machines = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];
        expect([...names].sort()).to.deep.equal(
            machines.flatMap((one) => archivesFor(one)!.map(({ name }) => name)).sort(),
        );
        expect(new Set(names).size).to.equal(names.length);
        for (const [name, checksum] of Object.entries(pins.sha256)) {
            expect(names).to.include(name);
            expect(checksum).to.match(/^[0-9a-f]{64}$/);
        }
    });
});
