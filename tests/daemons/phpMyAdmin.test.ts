import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { patternOf } from "../../components/pathRule";
import { PhpMyAdmin } from "../../components/phpMyAdmin";
import { closed } from "../../components/phpMyAdmin/files";
import { phpMyAdmin } from "../../config/phpMyAdmin";
import { installMariaDb, run, serverUser } from "../support/datadir";
import { declare, find, type Sent } from "../support/declare";
import { LocalPod } from "../support/localPod";
import { type Spelling, spellings } from "../support/spellings";
import { seriesOf } from "../support/needs";
import { Daemon, missing, program, scratch } from "../support/tools";

const account = { user: "shop", password: "we'ird\"$pw\\ #1&<" };

const render = async (): Promise<readonly Sent[]> => {
    const { objects } = await declare((instance) => {
        instance.addNode("database", { kind: "database" });
        new PhpMyAdmin(instance, "phpmyadmin", {
            config: phpMyAdmin.parse({ access: "private", uploadLimit: "3Mi" }),
            database: instance.service("database", { mysql: 3306 }, {}),
        });
    });
    return objects;
};

describe(`phpMyAdmin in Apache ${seriesOf("apache2")} with PHP ${seriesOf("php")} in the rendered pod`, function () {
    this.timeout(60_000);
    const machine = scratch();
    let pod: LocalPod;
    let server: Daemon | undefined;
    let database: Daemon | undefined;

    const cookies = join(machine.path, "cookies");
    /** Sends a request like a browser behind the load balancer. */
    function ask(path: string, form?: Readonly<Record<string, string>>, jar = cookies) {
        const { stdout } = pod.connected(server!, [
            ...["curl", "--silent", "--include", "--cookie", jar, "--cookie-jar", jar],
            ...["--header", "X-Forwarded-For: 192.0.2.7", "--header", "X-Forwarded-Proto: https"],
            ...Object.entries(form ?? {}).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]),
            `http://localhost:8080${path}`,
        ]);
        const end = stdout.indexOf("\r\n\r\n");
        return { status: Number(stdout.split(" ")[1]), head: stdout.slice(0, end), text: stdout.slice(end + 4) };
    }
    function login(user: string, password: string, jar: string) {
        const { text } = ask("/index.php", undefined, jar);
        const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)![1]!;
        const form = { set_session: field("set_session"), token: field("token"), server: "1" };
        return ask("/index.php?route=/", { ...form, pma_username: user, pma_password: password }, jar);
    }

    before(async function () {
        LocalPod.check(this);
        for (const name of ["apache2", "curl", "mariadbd", "mariadb-install-db"]) program(this, name);
        const pages = "/usr/share/phpmyadmin";
        if (run(["test", "-d", pages]).status !== 0) missing(this, "phpmyadmin is not installed");
        const objects = await render();
        pod = new LocalPod(find(objects, "Deployment", "phpmyadmin"), objects, machine.path, "phpmyadmin-1");
        for (const path of ["/etc/apache2/mods-enabled", "/etc/apache2/mods-available", "/etc/php", "/etc/mime.types"])
            pod.provide(path);
        pod.provide(pages, "/var/www/html");
        pod.resolve("database.bench.svc.cluster.local");
        const [{ command }] = find(objects, "Deployment", "phpmyadmin")["spec"].template.spec.containers;
        // Node's own streams are sockets, which cannot be opened a second time by the name /dev/stderr.
        server = pod.start(["sh", "-c", 'exec "$@" 2>/tmp/log', "sh", ...command]);
        await server.ready(async () => {
            if (ask("/healthz").status !== 204) throw new Error("not yet");
        });

        const user = serverUser("mysql");
        const data = join(machine.path, "data");
        const temporary = installMariaDb(data, join(machine.path, "tables"), user);
        const password = account.password.replaceAll("\\", "\\\\").replaceAll("'", "''");
        const init = join(machine.path, "init.sql");
        // One statement per line.
        const statements = [
            "CREATE DATABASE shop;",
            `GRANT ALL ON shop.* TO 'shop'@'%' IDENTIFIED BY '${password}';`,
            "CREATE USER 'nobody'@'%';",
        ];
        writeFileSync(init, `${statements.join("\n")}\n`);
        database = new Daemon("nsenter", [
            ...[
                "--target",
                String(pod.pid(server)),
                "--net",
                "--",
                "mariadbd",
                "--no-defaults",
                "--user=mysql",
                "--skip-name-resolve",
            ],
            temporary,
            ...[`--datadir=${data}`, `--socket=${data}/s`, `--pid-file=${data}/p`, `--init-file=${init}`],
        ]);
        await database.ready(async () => {
            if (!pod.connected(server!, ["ss", "-Hltn", "sport = :3306"]).stdout) throw new Error("not yet");
        });
    });
    after(async () => {
        await database?.stop();
        if (server) await pod.stop(server, "SIGWINCH");
        machine.clean();
    });

    it("logs in the database's own account, with a cookie that only this pod's key decrypts", () => {
        const jar = join(machine.path, "shop");
        const { status, head } = login(account.user, account.password, jar);
        expect(status).to.equal(302);
        expect(head).to.match(/pmaAuth-1_https=.*; secure; HttpOnly/i);
        const { text } = ask("/index.php?route=/databases", undefined, jar);
        expect(text).to.contain("information_schema").and.to.contain("shop");
        expect(head).not.to.contain(encodeURIComponent(account.password));
    });

    it("refuses a missing or wrong password, and logs the attempt", () => {
        expect(login(account.user, "wrong", join(machine.path, "wrong")).text).to.contain("Access denied for user");
        const { text } = login("nobody", "", join(machine.path, "nobody"));
        expect(text).to.match(/without a password is forbidden/i);
        const lines = pod.exec(server!, ["cat", "/tmp/log"]).stdout.trim().split("\n");
        const said = lines.slice(2).map((line) => JSON.parse(line) as { client: string; message: string });
        expect(said.map(({ message }) => message).join("\n")).to.match(/user denied: shop/);
        expect(said.find(({ message }) => message.includes("user denied: shop"))!.client).to.match(/^192\.0\.2\.7/);
    });

    it("accepts files of the configured size, and serves none of its internal files", () => {
        const { text } = ask("/index.php?route=/server/import", undefined, join(machine.path, "shop"));
        expect(text).to.contain(`name="MAX_FILE_SIZE" value="${3 * 2 ** 20}"`);
        for (const path of ["/libraries/config.default.php", "//templates/base.twig", "/sql/create_tables.sql"])
            expect(ask(path).status, path).to.equal(403);
        for (const path of ["/robots.txt", "/favicon.ico"]) expect(ask(path).status, path).to.equal(200);
        const { head } = ask("/index.php");
        expect(head).not.to.match(/x-powered-by|Apache\/|PHP\//i);
    });

    it("serves no closed path in any spelling", function () {
        this.timeout(300_000);
        // Input: bytes of requests, each with words to find; output: the statuses, and whether the words were found.
        const sender = `
            const { connect } = require("node:net");
            const requests = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
            const answer = (bytes) => new Promise((resolve) => {
                let text = "";
                const socket = connect(8080, "127.0.0.1", () => socket.write(bytes, "latin1"));
                const end = () => { socket.destroy(); resolve(text); };
                socket.setTimeout(5000, end).on("error", end).on("close", end).on("data", (data) => (text += data.toString("latin1")));
            });
            (async () => {
                const answers = [];
                const work = async () => { for (let i = answers.length; i < requests.length; i = answers.length) { answers[i] = ""; const text = await answer(requests[i].bytes); answers[i] = text.slice(9, 12) + " " + text.includes(requests[i].words); } };
                await Promise.all([work(), work(), work(), work()]);
                console.log(JSON.stringify(answers));
            })();`;
        const send = (requests: readonly { bytes: string; words: string }[]): string[] =>
            JSON.parse(pod.connected(server!, [process.execPath, "-e", sender], JSON.stringify(requests)).stdout);
        const request = (spelling: Spelling, path: string, words: string) => ({
            bytes: spelling.request(path, "db.example.org"),
            words,
        });
        expect(send([request(spellings[0]!, "/robots.txt", "User-agent")])).to.deep.equal(["200 true"]);
        for (const [path, words] of Object.entries({
            "/sql/create_tables.sql": "CREATE TABLE",
            "/templates/changelog.twig": "{{",
        })) {
            expect(new RegExp(patternOf(closed)).test(path), path).to.equal(true);
            const answers = send(spellings.map((spelling) => request(spelling, path, words)));
            const reached = spellings.filter((_, index) => answers[index]!.includes("true"));
            expect(reached.map(({ name }) => `${path} ${name}`)).to.deep.equal([]);
            expect(answers.filter((text) => text.startsWith("4")).length).to.be.above(spellings.length / 2);
        }
    });
});
