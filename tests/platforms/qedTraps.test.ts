import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { serviceNames } from "../../platforms/qed/services";
import { containerOf, find, podOf, problemsOf, type Sent } from "../support/declare";
import { declareQed, mainOf, nginxOf, variable, workloadKind } from "../support/qed";

const domain = "qed-shop.svc.cluster.local";
const pathsOf = (container: { volumeMounts?: { mountPath: string }[] }): string[] =>
    (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
const claimAt = (objects: readonly Sent[], name: string, path: string): string | undefined => {
    const { volumes, containers } = podOf(objects, workloadKind(name), name);
    const mount = containers[0].volumeMounts.find((one: { mountPath: string }) => one.mountPath === path);
    return volumes.find((one: { name: string }) => one.name === mount?.name)?.persistentVolumeClaim?.claimName;
};
/** Ports of a component that a policy opens to others, by the name of the other one. */
const openTo = (objects: readonly Sent[], name: string): Record<string, number[]> =>
    Object.fromEntries(
        (find(objects, "NetworkPolicy", name)["spec"].ingress ?? []).flatMap(
            ({ from = [], ports = [] }: { from?: never[]; ports?: { port: number }[] }) =>
                from.map(({ podSelector }: { podSelector?: { matchLabels: Record<string, string> } }) => [
                    podSelector?.matchLabels["app.kubernetes.io/name"] ?? "others",
                    ports.map(({ port }) => port),
                ]),
        ),
    );

describe("the traps of QED", () => {
    let objects: Sent[];
    before(async () => {
        const services = Object.fromEntries(serviceNames.map((name) => [name, true]));
        objects = await declareQed({ instance: { services, django: { login: true } } });
    });

    it("REDIS_PORT: an address for Flask and Celery, a number for all others, and never the one of Kubernetes", () => {
        for (const name of ["qed-flask", "qed-celery"])
            expect(variable(objects, name, "REDIS_PORT"), name).to.equal(`redis://redis.${domain}:6379`);
        for (const name of ["qed-django", "cts-nodejs", "cts-manager", "cts-worker", "cyan-celery"])
            expect(variable(objects, name, "REDIS_PORT"), name).to.equal("6379");
        for (const name of serviceNames)
            expect(podOf(objects, workloadKind(name), name).enableServiceLinks, name).to.equal(false);
    });
    it("FLOWER_PORT: a number, although the Service of Flower would set it to an address", () => {
        expect(variable(objects, "celery-flower", "FLOWER_PORT")).to.equal("5555");
    });
    it("a DOCKER_HOSTNAME in the suite's list, without which programs ask EPA's network at each start", () => {
        for (const name of ["qed-django", "qed-flask", "qed-celery", "cts-manager", "cts-worker"])
            expect(variable(objects, name, "DOCKER_HOSTNAME"), name).to.contain("KUBERNETES");
    });
    it("probes of uwsgi's protocol: the port alone", () => {
        for (const name of ["qed-django", "qed-flask", "cyan-api"]) {
            const { startupProbe, readinessProbe, livenessProbe } = mainOf(objects, name);
            for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
                expect(probe, name).to.have.nested.property("tcpSocket.port");
                expect(probe, name).not.to.have.property("httpGet");
            }
        }
        expect(nginxOf(objects)).to.contain(`uwsgi_pass qed-django.${domain}:8080;`);
    });
    it("7777: for the suite's programs, not at the edge", () => {
        const open = openTo(objects, "qed-nginx");
        expect(open["edge"]).to.deep.equal([8080]);
        expect(Object.entries(open).flatMap(([name, ports]) => (ports.includes(7777) ? [name] : []))).to.have.members([
            "qed-django",
            "hms-dotnetcore",
            "dask-worker",
        ]);
        expect(find(objects, "Service", "qed-nginx")["spec"].type ?? "ClusterIP").to.equal("ClusterIP");
        expect(variable(objects, "hms-dotnetcore", "FLASK_SERVER")).to.equal(`http://qed-nginx.${domain}:7777`);
    });
    it("private pages: Flower, dask and the servers without passwords are open to their users only", () => {
        expect(openTo(objects, "celery-flower")).to.deep.equal({});
        expect(Object.values(openTo(objects, "dask-scheduler")).flat()).not.to.include(8787);
        expect(openTo(objects, "redis")).not.to.have.any.keys("edge", "qed-nginx", "hms-dotnetcore", "others");
        expect(openTo(objects, "mongodb")).not.to.have.any.keys("edge", "qed-nginx", "celery-flower", "others");
    });
    it("Flower without a password can revoke tasks: it has one, and its broker comes before the command", () => {
        const { env, command } = mainOf(objects, "celery-flower");
        expect(env).to.deep.include({ name: "FLOWER_BASIC_AUTH", value: "qed:$(BASIC_AUTH_PASSWORD)" });
        expect(command.slice(0, 3)).to.deep.equal(["celery", `--broker=redis://redis.${domain}:6379/0`, "flower"]);
    });
    it("link aliases: nginx.conf takes the image's place, and has no name that is no host of a cluster", () => {
        const { command } = mainOf(objects, "qed-nginx");
        expect(command).to.include.members(["-c", "/etc/qed-nginx/nginx.conf"]);
        const names = [...nginxOf(objects).matchAll(/_pass (?:http:\/\/)?([^:;]+)/g)].map(([, name]) => name!);
        expect(names).to.have.length.above(4);
        for (const name of names) expect(name).to.match(/^[-a-z0-9]+(\.[-a-z0-9]+)+$/);
    });
    it("SAM's and the basins' paths: with underscores, and the same for Flask and Celery", () => {
        const sam = "/src/pram_flask/ubertool/ubertool/sam/bin";
        for (const [path, claim] of [
            [`${sam}/Preprocessed`, "sam-preprocessed"],
            [`${sam}/Results`, "sam-results"],
            ["/src/hms_flask/data/qed-basins", "qed-basins"],
            ["/src/hms-data", "hms-data"],
            ["/src/collected_static", "collected-static"],
        ] as const)
            for (const name of ["qed-flask", "qed-celery"])
                expect(claimAt(objects, name, path), `${name} ${path}`).to.equal(claim);
        expect(claimAt(objects, "qed-django", "/src/collected_static")).to.equal("collected-static");
        expect(claimAt(objects, "qed-nginx", "/src/collected_static")).to.equal("collected-static");
    });
    it("redis, MongoDB and PostGIS write to their volumes, where their data are", () => {
        expect(claimAt(objects, "redis", "/data")).to.equal("redis");
        expect(claimAt(objects, "mongodb", "/data/db")).to.equal("mongodb");
        expect(claimAt(objects, "postgres", "/var/lib/postgresql")).to.equal("postgres");
        expect(mainOf(objects, "postgres").env).to.deep.include({
            name: "PGDATA",
            value: "/var/lib/postgresql/17/docker",
        });
    });
    it("redis evicts no queued task", () => {
        const file = objects.find(({ kind, metadata }) => kind === "ConfigMap" && /^redis-/.test(metadata.name))!;
        expect(file["data"]["cache.conf"]).to.contain("maxmemory-policy noeviction").and.contain("nopass");
    });
    it("clients without passwords: mongod demands none", () => {
        const { command } = mainOf(objects, "mongodb");
        expect(command).to.include("--replSet").and.not.include("--auth").and.not.include("--keyFile");
        expect(variable(objects, "hms-dotnetcore", "MONGODB")).to.equal(`mongodb.${domain}`);
        expect(variable(objects, "cts-worker", "CTS_DB_HOST")).to.equal(`mongodb://mongodb.${domain}:27017`);
    });
    it("PostGIS refuses to start without a password: one Secret for the server and Django", () => {
        const server = mainOf(objects, "postgres").env.find(({ name }: { name: string }) => name === "APP_PASSWORD");
        const { volumeMounts } = containerOf(objects, "Deployment", "qed-django", "secrets");
        expect(server.valueFrom.secretKeyRef).to.deep.equal({ name: "postgres", key: "password" });
        expect(volumeMounts).to.deep.include({
            name: "postgres-secret",
            mountPath: "/run/qed/secret_key_database.txt",
            readOnly: true,
            subPath: "password",
        });
        const files = objects.find(({ kind, metadata }) => kind === "ConfigMap" && /^postgres-/.test(metadata.name))!;
        expect(files["data"]["accounts.sql"]).to.contain('CREATE EXTENSION IF NOT EXISTS "postgis"');
    });
    it("HMS: a port that needs no root, and its image's own files in the volume before it starts", () => {
        const { command, volumeMounts } = mainOf(objects, "hms-dotnetcore");
        expect(command).to.deep.equal(["dotnet", "Web.Services.dll", "--urls", "http://*:8080"]);
        expect(pathsOf({ volumeMounts })).to.include("/app/App_Data");
        const seed = containerOf(objects, "Deployment", "hms-dotnetcore", "seed");
        expect(pathsOf(seed)).to.include("/seed").and.not.include("/app/App_Data");
        expect(variable(objects, "qed-django", "HMS_BACKEND_SERVER")).to.equal(`http://hms-dotnetcore.${domain}:8080`);
    });
    it("dask: a scheduler's name with a hyphen, ports that policies know, and a host name for each worker", () => {
        const { command } = mainOf(objects, "dask-worker");
        expect(command).to.include.members([`dask-scheduler.${domain}:8786`, "--worker-port", "9000"]);
        expect(podOf(objects, "Deployment", "dask-worker")).not.to.have.property("hostname");
        expect(openTo(objects, "dask-worker")).to.deep.include({
            "dask-scheduler": [9000, 9001],
            "dask-worker": [9000, 9001],
        });
        expect(variable(objects, "qed-celery", "DASK_SCHEDULER")).to.equal(`dask-scheduler.${domain}:8786`);
    });
    it("Tomcat: port 8080 throughout, under the name that nginx has, with mounts below its directory", async () => {
        const one = await declareQed({ instance: { tomcat: { layout: "one" } } });
        const { ports } = find(one, "Service", "qed-tomcat")["spec"];
        expect(ports).to.deep.equal([{ name: "http", port: 8080, targetPort: "http" }]);
        const main = mainOf(one, "qed-tomcat");
        expect(main.ports).to.deep.equal([{ name: "http", containerPort: 8080 }]);
        expect(claimAt(one, "qed-tomcat", "/usr/local/tomcat/webapps")).to.equal("tomcat-webapps");
        expect(pathsOf(main)).not.to.include("/usr/local/tomcat");
        expect(nginxOf(one)).to.contain(`proxy_pass http://qed-tomcat.${domain}:8080;`);
        const two = await declareQed({ instance: { tomcat: { layout: "split" } } });
        expect(nginxOf(two))
            .to.contain(`proxy_pass http://jchemws.${domain}:8080;`)
            .and.contain(`proxy_pass http://ctsws.${domain}:8080;`);
    });
    it("sessions of CTS are in one pod's memory: a second one is refused", async () => {
        const refused = await problemsOf(declareQed({ instance: { replicas: { "cts-nodejs": 2 } } }));
        expect(refused).to.match(/replicas\.cts-nodejs: 2 is not allowed; allowed: at most 1/);
    });
    it("several pods of one Celery worker have names of their own, and finish their tasks", () => {
        for (const [name, own] of Object.entries({ "qed-celery": "qed_worker@%h", "cts-worker": "cts_worker@%h" })) {
            expect(mainOf(objects, name).command).to.include(own);
            expect(podOf(objects, "Deployment", name).terminationGracePeriodSeconds).to.be.above(3600);
        }
        expect(mainOf(objects, "qed-celery").command.slice(0, 3)).to.deep.equal([
            "sh",
            "/opt/plinth/conda.sh",
            "pyenv",
        ]);
    });
    it("a Celery worker that greets others takes no task any more once redis was away", () => {
        for (const name of ["qed-celery", "cts-manager", "cts-worker", "cyan-celery"])
            expect(mainOf(objects, name).command, name).to.include("--without-mingle");
    });
    it("uwsgi takes the stop signal for a wish to start anew unless it is told otherwise", () => {
        for (const name of ["qed-flask", "cyan-api"])
            expect(variable(objects, name, "UWSGI_DIE_ON_TERM"), name).to.equal("true");
    });
    it("Python in uwsgi takes files for ASCII where an image sets no locale, so that the suite's first page fails", () => {
        for (const name of ["qed-django", "qed-flask", "qed-celery", "dask-worker", "cts-worker", "cyan-api"])
            expect(variable(objects, name, "LANG"), name).to.equal("C.UTF-8");
    });
    it("Django's debug mode is off, and its accounts are in PostGIS: in the container they would end with it", async () => {
        expect(variable(objects, "qed-django", "DEBUG")).to.equal("0");
        expect(variable(objects, "qed-django", "DJANGO_SETTINGS_MODULE")).to.equal("plinth_settings");
        expect(variable(objects, "qed-django", "PISCES_DB_HOST")).to.equal(`postgres.${domain}`);
        const without = await declareQed({ instance: { services: { postgres: false } } });
        expect(claimAt(without, "qed-django", "/var/lib/qed")).to.equal("django-data");
        expect(find(without, "Deployment", "qed-django")["spec"].strategy).to.deep.equal({ type: "Recreate" });
    });
    it("folders that mounts are below are not read-only", async () => {
        const lite = await declareQed({ instance: { sources: { django: true, flask: true, static: true } } });
        for (const name of ["qed-django", "qed-flask"]) {
            const { volumeMounts } = mainOf(lite, name);
            expect(
                volumeMounts.find(({ mountPath }: { mountPath: string }) => mountPath === "/src"),
            ).not.to.have.property("readOnly");
        }
    });
    it("Celery's and dask's workers grow, with the API that clusters have", async () => {
        const medium = await declareQed({ instance: { size: "medium" } });
        for (const name of ["qed-celery", "cts-worker", "dask-worker"]) {
            const { apiVersion, spec } = find(medium, "HorizontalPodAutoscaler", name);
            expect(apiVersion).to.equal("autoscaling/v2");
            expect(spec.maxReplicas).to.be.above(spec.minReplicas);
        }
    });
    it("Django finds its settings among the scripts, none of which has the name of a module of Python", () => {
        const files = objects.find(({ kind, metadata }) => kind === "ConfigMap" && /^scripts-/.test(metadata.name))!;
        const modules = Object.keys(files["data"]).filter((name) => name.endsWith(".py"));
        expect(modules).to.include("plinth_settings.py");
        const python = execFileSync("python3", ["-c", "import sys; print(*sys.stdlib_module_names)"], {
            encoding: "utf8",
        }).split(/\s+/);
        for (const name of modules) expect(python).not.to.include(name.replace(/\.py$/, ""));
    });
    it("tags that move: pulled at each start, until a digest is locked or a version is named", async () => {
        const policy = (all: readonly Sent[], name: string): string => mainOf(all, name).imagePullPolicy;
        const moving = ["qed-django", "qed-flask", "qed-celery", "cts-nodejs", "hms-dotnetcore", "dask-worker"];
        for (const name of moving) {
            expect(mainOf(objects, name).image, name).to.match(/:[a-z_]+$/);
            expect(policy(objects, name), name).to.equal("Always");
        }
        for (const name of ["qed-nginx", "postgres", "redis"])
            expect(policy(objects, name), name).to.equal("IfNotPresent");
        const digest = `quanted/hms@sha256:${"a".repeat(64)}`;
        const own = await declareQed({
            instance: { images: { "qed-django": "quanted/qed_django", "qed-flask": "quanted/flask_qed:2.1" } },
        });
        expect(policy(own, "qed-django")).to.equal("Always");
        for (const name of ["qed-flask", "qed-celery"]) expect(policy(own, name), name).to.equal("IfNotPresent");
        const locked = await declareQed({ instance: { images: { "hms-dotnetcore": digest } } });
        expect(policy(locked, "hms-dotnetcore")).to.equal("IfNotPresent");
        for (const { image } of podOf(locked, "Deployment", "hms-dotnetcore").initContainers)
            expect(image).to.equal(digest);
    });
    it("Django does not start without the file of its key, which is written where the suite reads it", () => {
        const key = "secret_key_django_dropbox.txt";
        const { containers, initContainers, volumes } = podOf(objects, "Deployment", "qed-django");
        const [files, prepare] = initContainers;
        const handed = files.volumeMounts.find(({ subPath }: { subPath?: string }) => subPath === key);
        const value = (name: string) => files.env.find((one: { name: string }) => one.name === name).value;
        expect(handed).to.include({ mountPath: `${value("FROM")}/${key}`, readOnly: true });
        const { secret } = volumes.find(({ name }: { name: string }) => name === handed.name);
        // Kubernetes starts no pod whose Secret or key is missing, unless it is optional.
        expect(secret).not.to.have.property("optional");
        expect(Object.keys(find(objects, "Secret", secret.secretName)["stringData"])).to.include(key);
        const written = "/src/secrets";
        expect(value("TO")).to.equal(written);
        const mounts = [files, prepare, containers[0]].map(
            ({ volumeMounts }) =>
                volumeMounts.find(({ mountPath }: { mountPath: string }) => mountPath === written).name,
        );
        expect(new Set(mounts).size).to.equal(1);
        // By then it is there: init containers come one after the other, and end the pod's start if they fail.
        expect(files.name).to.equal("secrets");
    });
    it("volumes have no policy that empties them, and are no paths of nodes", () => {
        expect(JSON.stringify(objects)).not.to.contain("Recycle").and.not.contain('"hostPath"');
    });
});
