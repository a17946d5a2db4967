import { expect } from "chai";
import { convert, refusalOf, web } from "./support";

const labelled = (labels: object, more: object = {}, rest: object = {}) => ({
    services: {
        web: {
            ...web,
            ...more,
            labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [`kompose.${key}`, value])),
        },
    },
    ...rest,
});
const health = "service.healthcheck.";

describe("labels of Kompose", () => {
    it("are probes, beside those of the health check", () => {
        const probes = (labels: object, more = {}) => {
            const { startupProbe, readinessProbe, livenessProbe } = convert(labelled(labels, more)).container(
                "Deployment",
                "web",
            );
            return { startupProbe, readinessProbe, livenessProbe };
        };
        expect(
            probes({
                [`${health}liveness.http_get_path`]: "/live",
                [`${health}liveness.http_get_port`]: "8080",
                [`${health}readiness.test`]: "test -f /ready && $$(x)",
                [`${health}readiness.interval`]: "7s",
                [`${health}readiness.timeout`]: "500ms",
                [`${health}readiness.retries`]: "2",
                [`${health}readiness.start_period`]: "1m",
            }),
        ).to.deep.equal({
            startupProbe: undefined,
            livenessProbe: {
                httpGet: { path: "/live", port: 8080 },
                ...{ periodSeconds: 30, timeoutSeconds: 30, failureThreshold: 3 },
            },
            readinessProbe: {
                exec: { command: ["/bin/sh", "-c", "test -f /ready && $$(x)"] },
                ...{ periodSeconds: 7, timeoutSeconds: 1, failureThreshold: 2, initialDelaySeconds: 60 },
            },
        });
        const healthcheck = { test: ["CMD", "ready"], interval: "9s" };
        const both = probes(
            { [`${health}readiness.disable`]: "true", [`${health}liveness.tcp_port`]: "80" },
            { healthcheck },
        );
        expect(both.readinessProbe).to.equal(undefined);
        expect(both.startupProbe.exec.command).to.deep.equal(["ready"]);
        expect(both.livenessProbe).to.deep.include({ tcpSocket: { port: 80 }, periodSeconds: 9 });
        expect(refusalOf(labelled({ [`${health}liveness.tcp_port`]: "http" }))).to.match(
            /services\.web\.labels\.kompose\.service\.healthcheck\.liveness\.tcp_port: "http" is not allowed; allowed: a number/,
        );
    });
    it("are a container before the service's own, with an image of its own", () => {
        const { pod } = convert(
            labelled({
                "init.containers.name": "wait",
                "init.containers.image": "busybox:1.37",
                "init.containers.command": '["sh", "-c", "until nc -z db 5432; do sleep 1; done"]',
            }),
        );
        expect(pod("Deployment", "web").initContainers).to.have.length(1);
        expect(pod("Deployment", "web").initContainers[0]).to.deep.include({
            name: "wait",
            image: "docker.io/library/busybox:1.37",
            command: ["sh", "-c", "until nc -z db 5432; do sleep 1; done"],
        });
    });
    it("are groups of services in one pod, which has the networks of all", () => {
        const label = { labels: { "kompose.service.group": "all" } };
        const { pod, find, names } = convert({
            services: {
                web: { ...web, ...label, networks: ["front"] },
                log: { image: "log:1", ...label, networks: ["back"] },
                db: { image: "db:1", networks: ["back"] },
            },
            networks: { front: {}, back: {} },
        });
        expect(pod("Deployment", "web").containers.map(({ name }: { name: string }) => name)).to.deep.equal([
            "web",
            "log",
        ]);
        expect(names).not.to.include("Deployment log");
        expect(find("Service", "log")["spec"].selector["app.kubernetes.io/name"]).to.equal("web");
        expect(find("Deployment", "web")["spec"].template.metadata.labels).to.include({
            "plinth.dev/network-front": "true",
            "plinth.dev/network-back": "true",
        });
        const twice = { services: { web: { ...web, ...label }, log: { image: "log:1", expose: [80], ...label } } };
        expect(refusalOf(twice)).to.include("services.log: has port 80, and web in the same pod, too");
    });
    it("are names, pull Secrets, sizes of the disk, policies", () => {
        const { find, pod, container } = convert(
            labelled(
                {
                    "service.name_override": "front",
                    "image-pull-secret": "registry",
                    "image-pull-policy": "Always",
                    "service.type": "nodeport",
                    "service.external-traffic-policy": "cluster",
                },
                {
                    deploy: {
                        labels: {
                            "kompose.ephemeral-storage.request": "1Gi",
                            "kompose.ephemeral-storage.limit": "2Gi",
                        },
                    },
                },
            ),
        );
        expect(find("Service", "front")["spec"].ports[0].port).to.equal(80);
        expect(pod("Deployment", "web").imagePullSecrets).to.deep.equal([{ name: "registry" }]);
        expect(container("Deployment", "web")).to.have.property("imagePullPolicy", "Always");
        expect(container("Deployment", "web").resources).to.deep.equal({
            requests: { "ephemeral-storage": "1Gi" },
            limits: { "ephemeral-storage": "2Gi" },
        });
        expect(find("Service", "web-nodes")["spec"]).to.have.property("externalTrafficPolicy", "Cluster");
    });
    it("are volumes of another kind, and folders within them", () => {
        const volumes = { volumes: ["data:/d"] };
        const rest = { volumes: { data: {} } };
        const temporary = convert(labelled({ "volume.type": "emptyDir" }, volumes, rest));
        expect(temporary.pod("Deployment", "web").volumes).to.deep.include({
            name: "data",
            emptyDir: { sizeLimit: "1Gi" },
        });
        expect(temporary.names).not.to.include("PersistentVolumeClaim data");
        const below = convert(labelled({ "volume.subpath": "web" }, volumes, rest));
        expect(below.container("StatefulSet", "web").volumeMounts).to.deep.include({
            name: "data",
            mountPath: "/d",
            subPath: "web",
        });
        const host = convert(labelled({ "volume.type": "hostPath" }, volumes, rest));
        expect(host.warnings.join()).to.include('labels.kompose.volume.type: "hostPath" has no counterpart');
    });
    it("have a word where nothing comes of them", () => {
        const { warnings } = convert(
            labelled({
                "hpa.memory": "80",
                "service.expose": "shop.example.net/a",
                "controller.type": "replicationcontroller",
            }),
        );
        for (const part of [
            "kompose.hpa.memory: has no counterpart",
            '"shop.example.net" is not served',
            '"replicationcontroller" has',
        ])
            expect(warnings.join("\n")).to.include(part);
        expect(refusalOf(labelled({ "controller.type": "daemonset" }))).to.include(
            'controller.type: "daemonset" would be one pod',
        );
    });
}).timeout(120_000);

describe("other labels of Compose services", () => {
    it("are annotations of the pod, unless their values are secret or their names are none", () => {
        const { find, warnings } = convert(
            {
                services: {
                    web: {
                        ...web,
                        environment: { DB_PASSWORD: "elephant-7" },
                        labels: {
                            "org.example/team": "print",
                            "has space": "x",
                            dsn: "db://u:elephant-7@db/x",
                            note: "Ä ü",
                        },
                        deploy: { labels: { tier: "front" } },
                        annotations: { plain: "yes" },
                    },
                },
            },
            { showSecrets: true },
        );
        const { annotations } = find("Deployment", "web")["spec"].template.metadata;
        expect(annotations).to.deep.include({ "org.example/team": "print", note: "Ä ü", tier: "front", plain: "yes" });
        expect(annotations).not.to.have.any.keys("has space", "dsn");
        expect(warnings.join("\n")).to.include("services.web.labels.dsn: is left out: its value is secret");
        expect(warnings.join("\n")).to.include("services.web.labels.has space: is left out: it is no key");
    });
});

describe("hooks of Compose services", () => {
    it("have the service's variables, own ones, and own images; secret values stay in Secrets", () => {
        const { pod, objects } = convert(
            {
                services: {
                    web: {
                        ...web,
                        environment: { DB_PASSWORD: "elephant-7", MODE: "a" },
                        pre_start: [
                            {
                                image: "tool:2",
                                command: ["migrate", "--key", "own-key-5"],
                                environment: { API_KEY: "own-key-5", MODE: "b" },
                                working_dir: "/x",
                            },
                        ],
                    },
                },
            },
            { showSecrets: true },
        );
        const [step] = pod("Deployment", "web").initContainers;
        expect(step).to.deep.include({
            name: "web-start-0",
            image: "docker.io/library/tool:2",
            args: ["migrate", "--key", "$(API_KEY)"],
            workingDir: "/x",
        });
        expect(step.env).to.have.deep.members([
            { name: "API_KEY", valueFrom: { secretKeyRef: { name: "web-start-0-env", key: "API_KEY" } } },
            { name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "web-start-0-env", key: "DB_PASSWORD" } } },
            { name: "MODE", value: "b" },
        ]);
        const others = JSON.stringify(objects.filter(({ kind }) => kind !== "Secret"));
        for (const value of ["elephant-7", "own-key-5"]) expect(others).not.to.include(value);
    });
    it("are refused with a secret value in words that kubelets do not expand", () => {
        const compose = {
            services: {
                web: { ...web, environment: { TOKEN: "elephant-7" }, pre_stop: [{ command: ["bye", "elephant-7"] }] },
            },
        };
        expect(refusalOf(compose)).to.include("services.web.pre_stop[0].command: has a secret value");
    });
});

describe("jobs of Compose projects", () => {
    const jobs = {
        services: { web },
        jobs: {
            tidy: {
                image: "tidy:1",
                environment: { TOKEN: "elephant-7" },
                volumes: ["data:/d", "./kept:/kept"],
                triggers: { schedule: ["5 4 * * *", { cron: "0 * * * *", timezone: "Europe/Paris" }] },
            },
            import: { image: "tidy:1", command: "import", triggers: { manual: true } },
        },
        volumes: { data: {} },
    };
    it("run when their time comes, or when somebody starts them", () => {
        const { find, names } = convert(jobs);
        expect(names).to.include("PersistentVolumeClaim kept");
        expect(find("CronJob", "tidy")["spec"]).to.deep.include({ schedule: "5 4 * * *", timeZone: "Etc/UTC" });
        expect(find("CronJob", "tidy-2")["spec"]).to.deep.include({ schedule: "0 * * * *", timeZone: "Europe/Paris" });
        expect(find("CronJob", "import")["spec"]).to.have.property("suspend", true);
        const { containers } = find("CronJob", "tidy")["spec"].jobTemplate.spec.template.spec;
        expect(containers[0].env[0].valueFrom.secretKeyRef).to.deep.equal({ name: "tidy-env", key: "TOKEN" });
        expect(containers[0].volumeMounts[0].mountPath).to.equal("/d");
    });
    it("have messages with their place", () => {
        const odd = {
            ...jobs,
            jobs: { ...jobs.jobs, import: { ...jobs.jobs.import, healthcheck: { test: "x" }, init: true } },
        };
        const { warnings } = convert(odd);
        expect(warnings.join("\n")).to.match(
            /compose\.yaml:\d+:\d+: jobs\.import\.healthcheck: has no counterpart: nobody/,
        );
        expect(warnings.join("\n")).to.match(/compose\.yaml:\d+:\d+: jobs\.import\.init: has no counterpart/);
    });
});
