import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { objectYaml } from "../../operations/render/manifests";
import * as caddy from "../../components/languages/caddy";
import { literal as plain } from "../../components/languages/expansion";
import { json } from "../../components/languages/json";
import * as php from "../../components/languages/php";
import * as ini from "../../components/languages/phpIni";
import * as msmtp from "../../components/languages/msmtp";
import { word as argument } from "../../components/languages/sh";
import { mysql } from "../../components/languages/sql";
import * as vcl from "../../components/languages/vcl";
import { xmlFile } from "../../components/languages/xml";
import { Daemon, freePort, goProgram, program, scratch } from "../support/tools";
import { someTexts, written } from "../support/texts";

/** How each language's own parser reads the written strings. */
describe("any string, read by the real parser of its language", function () {
    this.timeout(60_000);
    const { path, clean } = scratch();
    after(clean);

    /** A program's output for a file: a list of strings, as JSON. */
    const said = (command: string, args: readonly string[], input?: string) =>
        execFileSync(command, args, {
            encoding: "utf8",
            maxBuffer: 2 ** 26,
            ...(input === undefined ? {} : { input }),
        });
    const expectSame = (read: readonly string[], all: readonly (readonly [string, unknown])[]) => {
        expect(read).to.have.length(all.length);
        for (const [index, [text, as]] of all.entries())
            expect(read[index], `${JSON.stringify(text)} as ${as}`).to.equal(text);
    };

    it("sh", () => {
        const all = written(someTexts(), argument);
        const script = all.map(([, word]) => `printf '%s\\0' ${word}\n`).join("");
        expectSame(said("sh", ["-s"], script).split("\0").slice(0, -1), all);
    });

    it("php.ini, where words such as On keep their meaning", function () {
        const php = program(this, "php");
        const all = written(someTexts(), ini.value);
        writeFileSync(join(path, "php.ini"), all.map(([, value], at) => `x${at} = ${value}\ny${at} = here\n`).join(""));
        const script = `echo json_encode(parse_ini_file('${path}/php.ini'));`;
        const read = JSON.parse(said(php, ["-n", "-r", script])) as Record<string, string>;
        for (const [at, [text, value]] of all.entries()) {
            expect(read[`y${at}`], `what follows ${value}`).to.equal("here");
            if (/^['"]/.test(value)) expect(read[`x${at}`], value).to.equal(text);
        }
        expect(ini.iniFile({ file_uploads: 'On"', expose_php: "Off" })).to.equal(
            "file_uploads = 'On\"'\nexpose_php = Off\n",
        );
    });

    it("a line of php-fpm's pool, which affects no other line", function () {
        const php = program(this, "php");
        const lines = someTexts(600).map((text) => `env[A] = ${text}`);
        const all = [
            ...written(lines, ini.userLine),
            ...written(['env[A] = "a;b" ; c', "env[A] = $HOSTNAME"], ini.userLine),
        ];
        const files = all.map(([line]) => `before = 1\n${line}\nafter = 2\n`);
        writeFileSync(join(path, "pool.json"), JSON.stringify(files));
        const script = `echo json_encode(array_map(fn($x) => @parse_ini_string($x), json_decode(file_get_contents('${path}/pool.json'))));`;
        const read = JSON.parse(said(php, ["-n", "-r", script])) as (Record<string, unknown> | false)[];
        let good = 0;
        for (const [at, found] of read.entries()) {
            // PHP refuses a file with an error as a whole.
            if (found === false) continue;
            good++;
            expect(Object.keys(found), files[at]).to.deep.equal(["before", "env", "after"]);
            expect(found["after"], files[at]).to.equal("2");
        }
        expect(good).to.be.greaterThan(read.length / 2);
    });

    it("PHP", function () {
        const command = program(this, "php");
        const all = written(someTexts(), php.literal);
        writeFileSync(
            join(path, "texts.php"),
            `<?php echo json_encode([${all.map(([, value]) => value).join(", ")}]);`,
        );
        expectSame(JSON.parse(said(command, ["-n", join(path, "texts.php")])) as string[], all);
    });

    it("XML", function () {
        const command = program(this, "php", { extensions: ["simplexml"] });
        const all = written(someTexts(), (text) => xmlFile("config", { value: text }));
        writeFileSync(join(path, "texts.json"), JSON.stringify(all.map(([, file]) => file)));
        const script = `echo json_encode(array_map(fn($x) => (string)(new SimpleXMLElement($x))->value, json_decode(file_get_contents('${path}/texts.json'))));`;
        expectSame(JSON.parse(said(command, ["-n", "-d", "extension=simplexml", "-r", script])) as string[], all);
    });

    it("JSON", function () {
        const texts = someTexts();
        const script = "import json, sys; print(json.dumps(json.load(sys.stdin)))";
        const read = JSON.parse(said(program(this, "python3"), ["-c", script], json(texts))) as string[];
        expectSame(
            read,
            texts.map((text) => [text, "JSON"]),
        );
    });

    it("YAML, as kubectl reads it", async function () {
        const kubernetes = await goProgram(this, "kubernetes");
        const texts = [
            ...someTexts(),
            "yes",
            "off",
            "0o17",
            "1_000",
            "1e3",
            "12:30:45",
            "~",
            "null",
            "=",
            "<<",
            "2026-01-01",
            "0x1F",
            ".inf",
            "- a",
            "? b",
            "&c",
            "*d",
            "!e",
        ];
        const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", labels: {} }, data: texts };
        const { data } = JSON.parse(said(kubernetes, ["yaml"], objectYaml(object as never))) as { data: string[] };
        expectSame(
            data,
            texts.map((text) => [text, stringify(text)]),
        );
    });

    it("a container's environment, as the kubelet expands it", async function () {
        const kubernetes = await goProgram(this, "kubernetes");
        const all = written([...someTexts(500), "$", "$$$(A)", "$(A", "$()$$"], plain);
        const variables = { A: "wrong", DB_PASSWORD: "wrong", "": "wrong" };
        const input = JSON.stringify({ variables, texts: all.map(([, value]) => value) });
        expectSame(JSON.parse(said(kubernetes, ["expand"], input)) as string[], all);
    });

    it("a Caddyfile", async function () {
        const command = await goProgram(this, "caddy", "github.com/caddyserver/caddy/v2/cmd/caddy");
        const all = written(someTexts(), caddy.word);
        const lines = all.map(([, word], at) => `@m${at} header X-Text ${word}\nrespond @m${at} 204\n`);
        writeFileSync(join(path, "Caddyfile"), `http://localhost {\n${lines.join("")}}\n`);
        const adapted = said(command, ["adapt", "--adapter", "caddyfile", "--config", join(path, "Caddyfile")]);
        const found = [...new Set(headersIn(JSON.parse(adapted)))];
        expect(found.sort()).to.deep.equal([...new Set(all.map(([text]) => text))].sort());
    });

    it("SQL of MariaDB", function () {
        const server = program(this, "mariadbd");
        const all = written(someTexts(), mysql.literal);
        // Read like the accounts' file, with one statement per line.
        const statements = all.map(([text, value]) => {
            const hex = Buffer.from(text).toString("hex");
            return `INSERT INTO mysql.texts VALUES (HEX(CONVERT(${value} USING utf8mb4)), '${hex.toUpperCase()}');`;
        });
        expect(statements.every((line) => !/[\n\r]/.test(line))).to.equal(true);
        const file = join(path, "bootstrap.sql");
        writeFileSync(
            file,
            [
                "SET NAMES utf8mb4;",
                "CREATE DATABASE mysql;",
                "CREATE TABLE mysql.texts (a TEXT, b TEXT) ENGINE=MyISAM;",
                ...statements,
                `SELECT a, b FROM mysql.texts WHERE a <> b INTO OUTFILE '${path}/different';`,
                `SELECT COUNT(*) FROM mysql.texts INTO OUTFILE '${path}/count';`,
            ].join("\n") + "\n",
        );
        const args = [
            "--no-defaults",
            "--bootstrap",
            `--datadir=${path}/sql`,
            "--skip-networking",
            "--skip-grant-tables",
            "--innodb=OFF",
            "--default-storage-engine=Aria",
            `--user=root`,
            "--secure-file-priv=",
        ];
        execFileSync("mkdir", ["-p", join(path, "sql")]);
        execFileSync(server, args, { input: readFileSync(file), stdio: ["pipe", "pipe", "pipe"] });
        expect(readFileSync(join(path, "different"), "utf8")).to.equal("");
        expect(readFileSync(join(path, "count"), "utf8").trim()).to.equal(String(all.length));
    });

    it("VCL", async function () {
        const all = written(someTexts(30), vcl.literal);
        const bodies = all.map(([, value], at) => vcl.vcl`if (req.url == "/${at}") {\nset resp.body = ${value};\n}`);
        const rules = vcl.vcl`vcl 4.1;
backend none none;
${vcl.comment("a\nb")}
sub vcl_recv {
    return (synth(200));
}
sub vcl_synth {
    set resp.body = "";
${bodies}
    return (deliver);
}
`;
        writeFileSync(join(path, "rules.vcl"), rules);
        const port = await freePort();
        const work = join(path, "varnish");
        const args = ["-F", "-n", work, "-f", join(path, "rules.vcl"), "-a", `127.0.0.1:${port}`, "-s", "malloc,8M"];
        const daemon = new Daemon(program(this, "varnishd"), args);
        try {
            const body = async (at: number) => (await fetch(`http://127.0.0.1:${port}/${at}`)).arrayBuffer();
            await daemon.ready(() => body(0));
            for (const [at, [text, value]] of all.entries())
                expect(Buffer.from(await body(at)).toString(), value).to.equal(text);
        } finally {
            await daemon.stop();
        }
    });

    it("msmtp's configuration", function () {
        const command = program(this, "msmtp");
        const all = written(
            someTexts(60).filter((text) => text !== ""),
            msmtp.value,
        ).slice(0, 40);
        const lines = all.map(([, value], at) => `account a${at}\nhost localhost\nfrom a@example.org\nuser ${value}\n`);
        const file = join(path, "msmtprc");
        writeFileSync(file, lines.join(""), { mode: 0o600 });
        for (const [at, [text, value]] of all.entries()) {
            const told = said(command, ["-C", file, "-P", "-a", `a${at}`, "b@example.org"], "");
            expect(told, String(value)).to.include(`user = ${text}\n`);
        }
    });
});

function headersIn(value: unknown): string[] {
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => (key === "X-Text" ? (inner as string[]) : headersIn(inner)));
}
