import { execFileSync, spawnSync } from "node:child_process";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import type { Command } from "commander";
import { parse, parseAllDocuments } from "yaml";
import { program } from "../../cli/program";
import type { RenderedObject } from "../../operations/render/rendering";

const root = join(__dirname, "..", "..");

/** The command for a user without Pulumi, kubectl and cluster. */
function plinth(...args: string[]) {
    const result = spawnSync(join(root, "plinth"), args, {
        encoding: "utf8",
        cwd: tmpdir(),
        env: {
            PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
            HOME: home,
            KUBECONFIG: join(home, "none"),
            PULUMI_HOME: join(home, "pulumi"),
            PLINTH_HOME: join(home, "own"),
            NO_COLOR: "1",
        },
    });
    return { code: result.status, out: result.stdout, error: result.stderr };
}

let home = "";

describe("the command, without CLI and cluster", function () {
    // Each call loads the whole program.
    this.timeout(300_000);
    before(() => {
        home = mkdtempSync(join(tmpdir(), "plinth-home-"));
    });
    after(() => rmSync(home, { recursive: true }));

    it("has help with an example for every command", () => {
        const helpOf = (command: Command): void => {
            if (command.commands.length > 0) return command.commands.forEach(helpOf);
            const names: string[] = [];
            for (let at: Command | null = command; at; at = at.parent) names.unshift(at.name());
            let help = "";
            command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
            expect(help).to.include(`$ ./${names.join(" ")}`);
        };
        helpOf(program);
        const { code, out } = plinth("launch", "--help");
        expect(code).to.equal(0);
        expect(out).to.include("$ ./plinth launch");
    });

    it("renders a stream that kubectl accepts: YAML 1.1, namespaces first, no placeholders for passwords", () => {
        const { code, out } = plinth("render", "dev");
        expect(code).to.equal(0);
        // kubectl reads YAML 1.1, where yes and on are booleans.
        const documents = parseAllDocuments(out, { version: "1.1" })
            .map((document) => document.toJS() as RenderedObject | null)
            .filter((object) => object !== null);
        expect(documents[0]!.kind).to.equal("Namespace");
        for (const { apiVersion, kind, metadata } of documents)
            expect([apiVersion, kind, metadata?.name], JSON.stringify(metadata)).not.to.include(undefined);
        expect(documents.filter(({ kind }) => kind === "Secret")).to.deep.equal([]);
        expect(out).not.to.include("placeholder-");
        expect(out).to.include("# Secret opencart/admin is left out");
        const values = [...JSON.stringify(documents).matchAll(/"name":"[A-Z_]+","value":([^"])/g)];
        expect(values.map(([text]) => text)).to.deep.equal([]);
    });

    it("renders the same every time", () => {
        expect(plinth("render", "production").out).to.equal(plinth("render", "production").out);
    });

    it("renders a folder with a kustomization of all files except Secrets, and overwrites only its own output", () => {
        const out = join(home, "out");
        mkdirSync(out);
        expect(plinth("render", "staging", "--out", out).code).to.equal(0);
        const { resources } = parse(readFileSync(join(out, "kustomization.yaml"), "utf8")) as { resources: string[] };
        const files = () =>
            readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
        const secrets = files().filter(({ name }) => name.startsWith("secret-"));
        expect(secrets).not.to.have.length(0);
        expect(files()).to.have.length(resources.length + secrets.length + 1);
        for (const file of resources) expect(existsSync(join(out, file)), file).to.equal(true);
        expect(resources.join(" ")).not.to.include("secret-");

        mkdirSync(join(out, "overlays"));
        writeFileSync(join(out, "overlays", "kustomization.yaml"), "mine");
        writeFileSync(join(out, "opencart", "my-patch.yaml"), "mine");
        const before = files().length;
        expect(plinth("render", "staging", "--out", out).code).to.equal(0);
        expect(files()).to.have.length(before);
        expect(readFileSync(join(out, "opencart", "my-patch.yaml"), "utf8")).to.equal("mine");
    });

    it("works through a symbolic link, and when the reader closes the pipe", () => {
        const link = join(home, "linked");
        symlinkSync(join(root, "plinth"), link);
        const result = spawnSync("sh", ["-c", `"${link}" render dev | head -n 1`], { encoding: "utf8" });
        expect(result.stdout).to.equal("---\n");
        expect(result.stderr).to.equal("");
    });

    it("reports a mistake in a stack once, without a stack trace", () => {
        const file = join(root, "Pulumi.misspelt-by-a-test.yaml");
        writeFileSync(
            file,
            "config:\n  plinth:cluster: {context: x}\n  plinth:instances: {shop: {platform: opencart, hosst: shop.example.org}}\n",
        );
        try {
            const { code, error } = plinth("config", "check", "misspelt-by-a-test");
            expect(code).to.equal(1);
            expect(error.match(/did you mean "host"/g)).to.have.length(1);
            expect(error).not.to.match(/\n\s+at |Node\.js v/);
        } finally {
            rmSync(file);
        }
    });

    it("prints the warnings of a preview when it checks the configuration", () => {
        const file = join(root, "Pulumi.warned-by-a-test.yaml");
        const edge = "{type: Ingress, className: internal, trustedProxies: [10.0.0.0/8]}";
        writeFileSync(
            file,
            `config:\n  plinth:cluster: {context: x}\n  plinth:instances: {shop: {platform: opencart, host: shop.example.org, sharedFiles: oneNode, edge: ${edge}}}\n`,
        );
        try {
            const warning = /shop: edge\.className "internal" is none of the ingress controllers/;
            const { code, out } = plinth("config", "check", "warned-by-a-test");
            expect(code, out).to.equal(0);
            expect(out).to.match(warning);
            expect(plinth("preview", "warned-by-a-test", "--offline").out).to.match(warning);
        } finally {
            rmSync(file);
        }
    });

    it("does not write into a folder with other files", () => {
        const theirs = join(home, "theirs");
        execFileSync("mkdir", [theirs]);
        writeFileSync(join(theirs, "precious.txt"), "mine");
        const { code, error } = plinth("render", "dev", "--out", theirs);
        expect(code).to.equal(1);
        expect(error).to.include("was not rendered by Plinth");
        expect(readdirSync(theirs)).to.deep.equal(["precious.txt"]);
    });

    it("previews offline, says why, and exits 0", () => {
        const { code, out } = plinth("preview", "dev");
        expect(code).to.equal(0);
        expect(out)
            .to.match(/Offline preview; missing: /)
            .and.to.include("Deployment")

            .and.to.include("Minimum requested:");
        expect(out).not.to.include("DNS records");
        expect(plinth("preview", "staging").out).to.include("DNS records to create");
        const json = JSON.parse(plinth("preview", "dev", "--json").out) as { mode: string; objects: unknown[] };
        expect(json.mode).to.equal("offline");
        expect(json.objects).not.to.have.length(0);
    });

    it("previews offline on request, and refuses if that is forbidden", () => {
        expect(plinth("preview", "production", "--offline").out).to.include("Offline preview; as requested.");
        const { code, out, error } = plinth("preview", "production", "--no-offline");
        expect({ code, out }).to.deep.equal({ code: 1, out: "" });
        expect(error).to.include("The engine's preview is not available: missing: the Pulumi CLI");
    });

    it("launches nothing, names what is missing and how to install it, and exits 1", () => {
        const { code, error } = plinth("launch");
        expect(code).to.equal(1);
        expect(error)
            .to.include("Nothing was deployed. Missing:")
            .and.to.include("the Pulumi CLI")
            .and.to.include("a Kubernetes cluster")
            .and.to.include("minikube start");
        expect(error).not.to.match(/\n\s+at /);
    });

    it("lists the existing stacks when a name is misspelt", () => {
        const { code, error } = plinth("render", "prodution");
        expect(code).to.equal(1);
        expect(error).to.include('did you mean "production"?');
        expect(error).not.to.match(/\n\s+at /);
    });

    it("checks the configuration and shows it in full", () => {
        expect(plinth("config", "check").out).to.match(/production: 1 instance, \d+ objects, no problem/);
        const shown = parse(plinth("config", "show", "production").out) as {
            protect: boolean;
            instances: { name: string; tls: { ca: string } }[];
        };
        expect(shown.protect).to.equal(true);
        expect(shown.instances[0]!.tls.ca).to.equal("production");
    });

    it("refuses unknown commands and options with a non-zero code", () => {
        for (const args of [["lunch"], ["render", "dev", "--output", "x"]])
            expect(plinth(...args).code, args.join(" ")).not.to.equal(0);
    });
});
