import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { Broker } from "../../components/broker";
import { heartbeatFile } from "../../platforms/celery";
import { declare, find, type Sent } from "../support/declare";
import { write } from "../support/files";
import { LocalPod } from "../support/localPod";
import { newest } from "../support/needs";
import { Daemon, program, pythonProgram, scratch } from "../support/tools";

const passwords = { first: "we'ird\"$p@:/w\\ #1", second: "another-one", admin: "admins:own" };
/** Environment of the image: without a shell around it, the server is process 1. */
const image = { LANG: "C.UTF-8", RUNNING_UNDER_SYSTEMD: "true" };
const folder = "/usr/lib/rabbitmq/bin";
/** Version of the installed server, which Debian has in the name of a folder. */
const version = (() => {
    const all = join(newest, "usr/lib/rabbitmq/lib");
    const [name] = existsSync(all) ? readdirSync(all).sort().reverse() : [];
    return name?.replace("rabbitmq_server-", "") ?? "4.3.0";
})();

const render = async (brokerPassword: string): Promise<readonly Sent[]> => {
    const { objects } = await declare(
        (instance) =>
            new Broker(instance, "broker", {
                config: { topology: "single" },
                user: "survey",
                vhost: "surveys",
                permits: ["transient_nonexcl_queues", "global_qos"],
                resources: { cpu: "100m", memory: "512Mi" },
                size: "1Gi",
            }),
        {
            instance: { images: { rabbitmq: `rabbitmq:${version}-alpine` } },
            values: { secrets: { bench: { brokerPassword, brokerAdminPassword: passwords.admin } } },
        },
    );
    return objects;
};

describe(`RabbitMQ ${version} in the rendered pod`, function () {
    this.timeout(180_000);
    const machine = scratch();
    let objects: readonly Sent[];
    let pod: LocalPod;
    let server: Daemon | undefined;

    /** Starts a pod of its own name; ready when the rendered startup probe says so. */
    async function start(hostname: string, password: string): Promise<void> {
        objects = await render(password);
        pod = new LocalPod(find(objects, "StatefulSet", "broker"), objects, machine.path, hostname, { system: newest });
        const daemon = (server = pod.start([`${folder}/rabbitmq-server`], image));
        const { containers } = find(objects, "StatefulSet", "broker")["spec"].template.spec;
        const { port } = containers[0].startupProbe.tcpSocket;
        await daemon.ready(async () => {
            const { stdout } = pod.connected(daemon, ["ss", "-Hltn", `sport = :${port}`]);
            if (!stdout) throw new Error("not yet");
        }, 120);
    }
    const stop = async () => {
        const code = await pod.stop(server!);
        server = undefined;
        pod.remove();
        return code;
    };
    const userinfo = () => find(objects, "Secret", "broker")["stringData"]["userinfo"] as string;
    const amqp = (command: string, args: readonly string[], who = userinfo(), vhost = "surveys") =>
        pod.connected(server!, [`amqp-${command}`, `--url=amqp://${who}@127.0.0.1:5672/${vhost}`, ...args]);
    const login = (who?: string, vhost?: string) => {
        const { status, stderr } = amqp("declare-queue", ["--queue=login"], who, vhost);
        return status === 0 ? "in" : stderr.trim();
    };
    const rabbitmqctl = (...args: readonly string[]) =>
        pod.exec(server!, [`${folder}/rabbitmqctl`, "--quiet", ...args], image);
    const api = (path: string, who?: string) => {
        const header = who ? `header = "Authorization: Basic ${Buffer.from(who).toString("base64")}"` : "";
        const url = `http://127.0.0.1:15672${path}`;
        const { stdout } = pod.connected(
            server!,
            ["curl", "--silent", "--config", "-", "--write-out", "\n%{http_code}", url],
            header,
        );
        const [, body, status] = /^([^]*)\n(\d+)$/.exec(stdout)!;
        return { status: Number(status), body: body! };
    };

    before(async function () {
        LocalPod.check(this);
        program(this, "rabbitmq-server", { folders: [join(newest, folder)] });
        for (const name of ["amqp-get", "curl"]) program(this, name);
        await start("broker-0-first", passwords.first);
    });
    after(async () => {
        if (server) await pod.stop(server, "SIGKILL");
        machine.clean();
    });

    it("accepts the platform at once, with the Secret's password and the rendered URL", () => {
        expect(login()).to.equal("in");
        expect(login("survey:wrong")).to.contain("ACCESS_REFUSED");
    });

    it("has no guest account, and refuses access to other virtual hosts", () => {
        expect(login("guest:guest")).to.contain("ACCESS_REFUSED");
        expect(login(undefined, "%2F")).to.match(/NOT_ALLOWED|not found/);
        expect(rabbitmqctl("list_users").stdout.trim().split("\n").slice(1).sort()).to.deep.equal([
            "admin\t[administrator]",
            "survey\t[]",
        ]);
        const rights = JSON.parse(api("/api/permissions", `admin:${passwords.admin}`).body);
        expect(rights.map(({ user, vhost }: { user: string; vhost: string }) => `${user} ${vhost}`)).to.have.members([
            "survey surveys",
            "admin surveys",
        ]);
    });

    it("shows its management pages to the administrator, but not to the platform", () => {
        expect(api("/").status).to.equal(200);
        expect(api("/api/overview").status).to.equal(401);
        expect(api("/api/overview", `survey:${passwords.first}`).status).to.equal(401);
        expect(api("/api/overview", `admin:${passwords.admin}`).status).to.equal(200);
    });

    it("has the limits of the container and of the volume", () => {
        const status = JSON.parse(rabbitmqctl("status", "--formatter=json").stdout);
        expect(status).to.deep.include({ vm_memory_high_watermark_limit: 307 * 2 ** 20, alarms: [] });
        expect(status).to.include({ disk_free_limit: 102 * 2 ** 20 });
    });

    it("takes nothing under an alarm, which Celery's sign of life tells from a worker that is lost", async function () {
        const python = join(dirname(await pythonProgram(this, "celery")), "python3");
        write(machine.path, heartbeatFile as Record<string, string>);
        const script = `import sys
sys.path.insert(0, sys.argv[1])
import plinth_heartbeat
from celery import Celery
plinth_heartbeat.PATIENCE = 2.0
app = Celery(broker=sys.argv[2])
print(plinth_heartbeat.takes_nothing(app), plinth_heartbeat.hears(app, "celery@nobody"))`;
        const asked = () => {
            const url = `amqp://${userinfo()}@127.0.0.1:5672/surveys`;
            const { stdout, stderr } = pod.connected(server!, [
                ...["timeout", "60", python, "-c", script, machine.path, url],
            ]);
            return stdout.trim() || stderr;
        };
        const watermark = (limit: string) => rabbitmqctl("set_vm_memory_high_watermark", limit);
        expect(asked()).to.equal("False False");
        watermark("0.000001");
        try {
            expect(asked()).to.equal("True True");
        } finally {
            watermark("0.6");
        }
        expect(asked()).to.equal("False False");
    });

    it("listens on the network for messages and management only", () => {
        const { stdout } = pod.connected(server!, ["ss", "-Hltn"]);
        const addresses = stdout
            .trim()
            .split("\n")
            .map((line) => line.trim().split(/\s+/)[3]!);
        const open = addresses.filter((address) => !/^(127\.0\.0\.1|\[::1\]):/.test(address));
        expect(new Set(open.map((address) => address.split(":").at(-1)))).to.deep.equal(new Set(["5672", "15672"]));
        expect(addresses).to.include.members(["127.0.0.1:4369", "127.0.0.1:25672"]);
    });

    it("keeps persistent messages when the pod is replaced by one of another name", async () => {
        expect(amqp("declare-queue", ["--queue=jobs", "--durable"]).status).to.equal(0);
        expect(amqp("publish", ["--routing-key=jobs", "--persistent", "--body=send the survey"]).status).to.equal(0);
        const began = Date.now();
        expect(await stop()).to.equal(0);
        expect(Date.now() - began).to.be.below(60_000);
        await start("broker-0-second", passwords.first);
        expect(amqp("get", ["--queue=jobs"]).stdout).to.equal("send the survey");
    });

    it("applies a changed password to existing data, and reverts manual changes; open connections last until the pod stops", async () => {
        const old = userinfo();
        expect(amqp("declare-queue", ["--queue=news"]).status).to.equal(0);
        const consume = [`--url=amqp://${old}@127.0.0.1:5672/surveys`, "--queue=news", "cat"];
        const network = ["--target", String(pod.pid(server!)), "--net", "--"];
        const consumer = new Daemon("nsenter", [...network, "amqp-consume", ...consume]);
        const heard = (text: string) => consumer.ready(async () => expect(consumer.output).to.contain(text));
        expect(amqp("publish", ["--routing-key=news", "--body=before"]).status).to.equal(0);
        await heard("before");
        expect(amqp("publish", ["--routing-key=jobs", "--persistent", "--body=kept"]).status).to.equal(0);
        for (const user of ["survey", "admin"])
            expect(rabbitmqctl("change_password", user, "by-hand").status).to.equal(0);
        expect(login("survey:by-hand")).to.equal("in");
        expect(login(old)).to.contain("ACCESS_REFUSED");
        expect(amqp("publish", ["--routing-key=news", "--body=after"], "survey:by-hand").status).to.equal(0);
        await heard("after");
        await stop();
        expect(await consumer.exited, consumer.output).not.to.equal(0);
        await start("broker-0-third", passwords.second);
        expect(login()).to.equal("in");
        for (const who of [old, "survey:by-hand"]) expect(login(who)).to.contain("ACCESS_REFUSED");
        expect(api("/api/overview", "admin:by-hand").status).to.equal(401);
        // Its figures are not there at once.
        await server!.ready(async () => expect(api("/api/overview", `admin:${passwords.admin}`).status).to.equal(200));
        expect(amqp("get", ["--queue=jobs"]).stdout).to.equal("kept");
    });
});
