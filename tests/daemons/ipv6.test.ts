import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { configurationFile } from "../../components/cache";
import { nginxConf as opencartNginx } from "../../platforms/opencart/nginx";
import { nginxCommand } from "../../platforms/nginx";
import { uwsgiCommand, uwsgiFile } from "../../platforms/openedx/settings/uwsgi";
import { fpmConf } from "../../platforms/openmage/php";
import { find, podOf } from "../support/declare";
import { installMariaDb, run, serverUser } from "../support/datadir";
import { nobody, ok, write } from "../support/files";
import { declareOpenCart } from "../support/opencart";
import { Daemon, freePort, program, pythonProgram, scratch } from "../support/tools";

const filter = join(__dirname, "..", "support", "withoutIpv6.py");

/** Whether a port of an address accepts connections. */
const answers = (port: number, host: string): Promise<boolean> =>
    new Promise((resolve) => {
        const socket = connect(port, host);
        socket.once("connect", () => resolve((socket.destroy(), true)));
        socket.once("error", () => resolve(false));
    });

/** A machine has the file of its kernel, whatever the filter does. */
const kernel = (script: string, without: boolean): string =>
    without ? script.replace("/proc/net/if_inet6", "/proc/none") : script;

describe("Daemons on kernels with IPv6 and without", function () {
    this.timeout(120_000);
    const folder = scratch();
    let count = 0;
    const own = () => join(folder.path, String(count++));

    before(function () {
        if (!existsSync("/proc/net/if_inet6")) this.skip();
        program(this, "python3");
    });
    after(() => folder.clean());

    /**
     * Starts a daemon twice: as it is, and where sockets of IPv6 are an error.
     *
     * @param command that listens on all addresses of the port
     * @param end signal for a daemon whose data nobody needs: MariaDB may miss another one while it starts
     * @param obeys whether signals reach it, if it listens before
     */
    async function expectBoth(
        command: (port: number, folder: string, without: boolean) => readonly string[],
        options: object = {},
        end: NodeJS.Signals = "SIGTERM",
        obeys: (daemon: Daemon, port: number) => Promise<boolean> = async () => true,
    ): Promise<void> {
        for (const without of [false, true]) {
            const port = await freePort();
            const words = [...(without ? ["python3", filter] : []), ...command(port, own(), without)];
            const daemon = new Daemon(words[0]!, words.slice(1), options);
            try {
                await daemon.ready(async () => ok(await answers(port, "127.0.0.1")), 60);
                expect(await answers(port, "::1"), `${words.join(" ")}\n${daemon.output}`).to.equal(!without);
                await daemon.ready(async () => ok(await obeys(daemon, port)), 60);
            } finally {
                await daemon.stop(end);
            }
        }
    }

    it("nginx listens on both, or on what there is", async function () {
        const nginx = program(this, "nginx");
        const text = opencartNginx({
            role: "frontend",
            adminPath: "admin",
            maxBody: "1Mi",
            bodies: 1,
            timeoutSeconds: 5,
        });
        await expectBoth((port, at, without) => {
            const place = (value: string) =>
                value
                    .replaceAll(/\/dev\/std(out|err)/g, `${at}/log`)
                    .replaceAll("/tmp/", `${at}/`)
                    .replaceAll("8080", String(port));
            write(at, { "nginx.conf": place(text), "listen/none": "" });
            run(["chmod", "-R", "a+rwX", at]);
            const [shell, flag, script, name, , ...args] = nginxCommand(
                [8080],
                "-c",
                `${at}/nginx.conf`,
                "-e",
                `${at}/log`,
            );
            return [shell!, flag!, kernel(place(script!), without), name!, nginx, ...args];
        });
    });

    it("php-fpm in pods of its own", async function () {
        const fpm = program(this, "php-fpm");
        await expectBoth((port, at) => {
            const conf = fpmConf({ maxChildren: 1, timeoutSeconds: 5, listen: "cluster" })
                .replace("listen = 9000", `listen = ${port}`)
                .replace("pm.status_listen = 9001\n", "")
                .replace("/proc/self/fd/2", join(at, "log"));
            write(at, { "fpm.conf": conf });
            return [
                fpm,
                "--nodaemonize",
                "--fpm-config",
                join(at, "fpm.conf"),
                ...(nobody.uid ? ["--allow-to-run-as-root"] : []),
            ];
        });
    });

    it("Valkey", async function () {
        const valkey = program(this, "valkey-server");
        const text = configurationFile({ persistence: false, policy: "allkeys-lru" }, 64);
        await expectBoth((port, at) => {
            write(at, { "cache.conf": text.replace("port 6379", `port ${port}`) });
            return [valkey, join(at, "cache.conf")];
        });
    });

    it("Varnish", async function () {
        const varnishd = program(this, "varnishd");
        await expectBoth((port, at) => {
            write(at, { "default.vcl": "vcl 4.1;\nbackend default none;\n" });
            return [
                varnishd,
                "-F",
                "-n",
                join(at, "work"),
                "-f",
                join(at, "default.vcl"),
                "-a",
                `http=:${port},HTTP`,
                "-j",
                "none",
            ];
        });
    });

    it("uWSGI, as Open edX starts it", async function () {
        const uwsgi = await pythonProgram(this, "pyuwsgi");
        const statusPort = await freePort();
        const started = (port: number, at: string, without: boolean) => {
            const args = { variant: "lms", processes: 1, servesMedia: false, graceSeconds: 5 } as const;
            write(at, {
                "uwsgi.ini": uwsgiFile({ ...args, port, statusPort }),
                "lms/wsgi.py": "def application(env, start):\n    start('200 OK', [])\n    return [b'here']\n",
            });
            const { command, env } = uwsgiCommand(join(at, "uwsgi.ini"));
            const [shell, flag, script, name, , ...others] = command as [string, string, string, string, string];
            const words = [shell, flag, kernel(script, without), name, uwsgi, ...others];
            return ["env", "-C", at, ...Object.entries(env).map((one) => one.join("=")), ...words];
        };
        // A signal that comes before the master's hook, or before the worker's loop, is lost, and the master waits for ever.
        await expectBoth(
            started,
            {},
            "SIGTERM",
            async ({ output }, port) =>
                output.includes("(master-start)") && (await fetch(`http://127.0.0.1:${port}`)).ok,
        );
    });

    it("MariaDB and PostgreSQL, whose images listen on all addresses", async function () {
        const user = serverUser("mysql");
        const mariadbd = program(this, "mariadbd", { by: user });
        const mariadb = (port: number, at: string) => {
            write(at, { none: "" });
            const data = join(at, "data");
            const temporary = installMariaDb(data, join(at, "tmp"), user);
            return [mariadbd, "--no-defaults", `--datadir=${data}`, temporary, `--socket=${data}/s`, `--port=${port}`];
        };
        await expectBoth(mariadb, user, "SIGKILL");
        const postgres = serverUser("postgres");
        const [initdb, server] = ["initdb", "postgres"].map((name) => program(this, name, { by: postgres }));
        await expectBoth(
            (port, at) => {
                write(at, { none: "" });
                run(["chown", "-R", String(postgres.uid ?? process.getuid?.()), at]);
                const made = run([initdb!, "-D", `${at}/data`, "--no-sync"], {
                    ...postgres,
                    env: { LC_ALL: "C.UTF-8" },
                });
                expect(made.status, made.stderr).to.equal(0);
                return [server!, "-D", `${at}/data`, "-k", at, "-p", String(port), "-c", "listen_addresses=*"];
            },
            { ...postgres, env: { ...process.env, LC_ALL: "C.UTF-8" } },
            "SIGKILL",
        );
    });
});

describe("families of Services", () => {
    it("are those that the cluster is told, on every Service", async () => {
        const cluster = { context: "kind-dev", ipFamilyPolicy: "PreferDualStack" };
        const objects = await declareOpenCart({ values: { cluster }, instance: { sharedFiles: "oneNode" } });
        const services = objects.filter(({ kind }) => kind === "Service");
        expect(services.length).to.be.above(3);
        for (const { spec } of services) expect(spec.ipFamilyPolicy).to.equal("PreferDualStack");
        const usual = await declareOpenCart({ instance: { sharedFiles: "oneNode" } });
        expect(find(usual, "Service", "edge")["spec"]).not.to.have.property("ipFamilyPolicy");
        expect(podOf(usual, "Deployment", "frontend").containers[1].command.at(-3)).to.equal("nginx");
    });
});
