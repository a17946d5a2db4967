import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { mapKey, pattern, userLines, word } from "../../components/languages/nginx";
import { seriesOf } from "../support/needs";
import { Daemon, program, scratch } from "../support/tools";
import { someTexts, written } from "../support/texts";

describe(`strings and lines in nginx.conf, read by nginx ${seriesOf("nginx")}`, function () {
    this.timeout(60_000);
    const { path, clean } = scratch();
    const socket = join(path, "http.sock");
    after(clean);

    const conf = (http: string) => `worker_processes 1;
daemon off;
pid ${path}/pid;
error_log stderr crit;
events {}
http {
    access_log off;
    map_hash_bucket_size 4096;
    ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${path}/${name};`).join("\n")}
${http}
}
`;
    const ask = (headers: Record<string, string>) =>
        new Promise<string>((resolve, reject) => {
            request({ socketPath: socket, headers }, (response) => {
                const parts: Buffer[] = [];
                response.on("data", (part: Buffer) => parts.push(part));
                response.on("end", () => resolve(Buffer.concat(parts).toString()));
            })
                .on("error", reject)
                .end();
        });

    it("are read as intended, whether as value, pattern or key of a map", async function () {
        const nginx = program(this, "nginx");
        const texts = someTexts(200);
        const values = written(texts, word);
        // A pattern of these characters, each escaped for PCRE only.
        const patterns = written(texts, (text) => pattern(`~^${[...text].map((sign) => hex(sign)).join("")}$`));
        const printable = ["default", "hostnames", "include", "volatile", "~^x", "\\x", ...texts].filter((text) =>
            /^[!-~]([ -~]*[!-~])?$/.test(text),
        );
        // nginx compares without case.
        const keys = written([...new Map(printable.map((text) => [text.toLowerCase(), text])).values()], mapKey);
        const map = (from: string, to: string, lines: readonly string[]) =>
            `map ${from} ${to} {\ndefault none;\n${lines.join("\n")}\n}`;
        const http = [
            map(
                "$http_value",
                "$value",
                values.map(([, as], at) => `${at} ${as};`),
            ),
            map(
                "$http_key",
                "$key",
                keys.map(([, as], at) => `${as} k${at};`),
            ),
            map(
                "$value",
                "$found",
                patterns.map(([text, as]) => `${as} ${hexOf(text)};`),
            ),
            `server { listen unix:${socket}; location / { return 200 "$value|$key|$found"; } }`,
        ];
        const file = join(path, "nginx.conf");
        writeFileSync(file, conf(http.join("\n")));
        const daemon = new Daemon(nginx, ["-c", file, "-p", path]);
        try {
            await daemon.ready(() => ask({}));
            for (const [at, [text, as]] of values.entries()) {
                // nginx does not match patterns against an empty string.
                const found = text === "" ? "none" : hexOf(text);
                expect(await ask({ value: String(at) }), as).to.equal(`${text}|none|${found}`);
            }
            for (const [at, [text, as]] of keys.entries())
                expect(await ask({ key: text }), as).to.equal(`none|k${at}|none`);
        } finally {
            await daemon.stop();
        }
    });

    const noise = fc.constantFrom(...someTexts(300).filter((text) => !/[\n\r]/.test(text)));
    const line = fc.oneof(
        fc.constantFrom(
            "}",
            "}",
            "location /x {",
            "location /y { # }",
            'if ($a = "}") {',
            "return 204;",
            "set $b '{';",
            "",
        ),
        noise.map((text) => `set $a "${text}";`),
        noise.map((text) => `set $a '${text}'; # ${text}`),
        noise.map((text) => `set $a ${text};`),
        noise.map((text) => `location /${text} {`),
        noise.map((text) => `return 200 ${text}; }`),
        noise.map((text) => `# ${text}`),
        noise,
    );
    // Complete blocks are rare by chance.
    const lines = fc.oneof(
        fc.array(line, { maxLength: 4 }),
        fc.tuple(line, line).map(([first, second]) => ["location /z {", first, second, "}"]),
    );

    /** nginx's message about lines in a server block, followed by an invalid directive that only servers may have. */
    function complaint(nginx: string, of: readonly string[]): { text: string; line: number } {
        const file = join(path, "lines.conf");
        writeFileSync(file, `events {}\nhttp {\nserver {\n${of.join("\n")}\nlisten 1 sentinel;\n}\n}\n`);
        const { stderr } = spawnSync(nginx, ["-t", "-q", "-c", file, "-p", path], { encoding: "utf8" });
        const [, text = "", at = "0"] = /\[emerg\] (.*) in .*lines\.conf:(\d+)/s.exec(stderr) ?? [];
        return { text: text || stderr, line: Number(at) - 3 };
    }
    const stays = (nginx: string, of: readonly string[]) => {
        const { text, line: at } = complaint(nginx, of);
        return text.includes('invalid parameter "sentinel"') ? "read" : at > 0 && at <= of.length ? "refused" : text;
    };

    it("of the user's that pass the check stay in their block, even if nginx refuses them", function () {
        const nginx = program(this, "nginx");
        const samples = fc
            .sample(lines, { numRuns: 600, seed: Number(process.env["PROPERTY_SEED"] ?? 1) })
            .filter((some) => {
                try {
                    userLines(some);
                    return true;
                } catch {
                    return false;
                }
            });
        const results = samples.slice(0, 70).map((some) => [stays(nginx, some), some] as const);
        for (const [result, some] of results) expect(result, some.join("\n")).to.be.oneOf(["read", "refused"]);
        expect(results.filter(([result]) => result === "read").length).to.be.greaterThan(10);
    });

    for (const some of [
        ["location /x {# }"],
        ['a"; } server { listen 1; set $b "b";'],
        ["location /x {", "return 204; # }"],
        ["set $a 'b'c;"],
        ['set $a "b'],
        ["set $a b\\"],
        ["} server {"],
        ["location /${a} { return 204;"],
        ["set $a ${b};"],
        ["return 204 }"],
        ["add_header X a", "b;"],
    ])
        it(`of the user's are refused: ${some.join(" ")}`, () => {
            expect(() => userLines(some)).to.throw("allowed: ");
        });

    it("of the user's are accepted as nginx accepts them", function () {
        const nginx = program(this, "nginx");
        const all = [
            "# Ours; all of it {",
            'location ~ "^/a{2}$" { return 204; } # short {',
            "location = /b# {",
            '    add_header X-B "it\'s { here";',
            "} location /c { set $c \"${uri}#\"; if ($c = 'a b') { return 204; } }",
            "location ~ \\.php\\{ { return 404; }",
            "set $d a\"b'c}d#e;",
        ];
        expect(userLines(all)).to.equal(all.join("\n"));
        expect(stays(nginx, all)).to.equal("read");
    });
});

const hexOf = (text: string) => `h${Buffer.from(text).toString("hex")}`;
const hex = (sign: string) => [...Buffer.from(sign)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
