import { expect } from "chai";
import { stringify } from "yaml";
import { convert, refusalOf, web } from "./support";

const service = (more: object) => ({ services: { web: { ...web, ...more } } });

describe("a Compose service as a workload", () => {
    it("has commands word for word, also what looks like a variable of Kubernetes", () => {
        const { container } = convert(service({ entrypoint: ["/run", "$$(X)"], command: "say 'a b' $$HOME $$(id)" }));
        const { command, args } = container("Deployment", "web");
        expect(command).to.deep.equal(["/run", "$$(X)"]);
        expect(args).to.deep.equal(["say", "a b", "$HOME", "$$(id)"]);
    });
    it("clears the image's entrypoint with an empty one", () => {
        const { container } = convert(service({ entrypoint: [], command: ["serve", "--all"] }));
        expect(container("Deployment", "web")).to.deep.include({ command: ["serve", "--all"] });
        expect(container("Deployment", "web")).not.to.have.property("args");
    });
    it("runs as its image does, unless it says otherwise", () => {
        const plain = convert(service({}));
        expect(plain.container("Deployment", "web")).not.to.have.property("securityContext");
        expect(plain.find("Namespace", "compose-shop").metadata.labels["pod-security.kubernetes.io/enforce"]).to.equal(
            "baseline",
        );
        const { container, pod } = convert(
            service({ user: "1000:2000", read_only: true, cap_drop: ["ALL"], cap_add: ["CAP_NET_BIND_SERVICE"] }),
        );
        expect(container("Deployment", "web").securityContext).to.deep.equal({
            runAsUser: 1000,
            runAsGroup: 2000,
            readOnlyRootFilesystem: true,
            capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
        });
        expect(pod("Deployment", "web").securityContext.fsGroup).to.equal(2000);
    });
    it("satisfies the restricted level where it says so", () => {
        const { find, container } = convert(service({ user: "1000", "x-plinth": { hardened: true } }));
        expect(find("Namespace", "compose-shop").metadata.labels["pod-security.kubernetes.io/enforce"]).to.equal(
            "restricted",
        );
        expect(container("Deployment", "web").securityContext).to.deep.include({
            runAsNonRoot: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
        });
        expect(refusalOf(service({ "x-plinth": { hardened: true } }))).to.match(
            /compose\.yaml:\d+:\d+: services\.web\.x-plinth\.hardened: needs the number of a user/,
        );
    });
    it("asks for resources in powers of 1024", () => {
        const { container } = convert(
            service({
                deploy: {
                    resources: { limits: { cpus: "1.5", memory: "1G" }, reservations: { memory: "300k", cpus: "0.5" } },
                },
            }),
        );
        expect(container("Deployment", "web").resources).to.deep.equal({
            limits: { cpu: "1500m", memory: "1Gi" },
            requests: { cpu: "500m", memory: "300Ki", "ephemeral-storage": "64Mi" },
        });
        expect(
            convert(service({ mem_limit: "64m", cpus: 2 })).container("Deployment", "web").resources.limits,
        ).to.deep.equal({
            cpu: "2",
            memory: "64Mi",
        });
    });
    it("has directories in memory within its own limit of memory", () => {
        const limited = (limit: string, more: object) => ({
            deploy: { resources: { limits: { memory: limit } } },
            ...more,
        });
        const { pod, warnings } = convert({
            services: {
                web,
                mixed: { image: "app:1", ...limited("256M", { tmpfs: ["/tmp:size=224m", "/run"] }) },
                volume: {
                    image: "app:1",
                    ...limited("256M", { volumes: [{ type: "tmpfs", target: "/v", tmpfs: { size: "512m" } }] }),
                },
                small: { image: "app:1", ...limited("20M", { tmpfs: "/tmp" }) },
                shared: { image: "app:1", ...limited("256M", { shm_size: "256m", tmpfs: "/tmp:size=64m" }) },
                large: { image: "app:1", ...limited("1G", { tmpfs: "/tmp:size=64m" }) },
            },
        });
        const sizes = (name: string) =>
            (pod("Deployment", name).volumes as { emptyDir: { medium?: string; sizeLimit: string } }[])
                .filter(({ emptyDir }) => emptyDir?.medium === "Memory")
                .map(({ emptyDir }) => emptyDir.sizeLimit);
        expect(sizes("small")).to.deep.equal(["10240Ki"]);
        expect(sizes("shared")).to.have.members(["104857Ki", "26214Ki"]);
        expect(sizes("large")).to.deep.equal(["64Mi"]);
        expect(sizes("mixed")).to.have.members(["224Mi", "16384Ki"]);
        // Each stated size that was cut is named, and no other.
        expect(warnings.filter((warning) => warning.includes("in memory counts"))).to.have.length(3);
        for (const cut of [
            /compose\.yaml:\d+:\d+: services\.shared\.tmpfs\[0\]: \/tmp gets 26214Ki instead of 64Mi: .*, 256Mi; raise/,
            /compose\.yaml:\d+:\d+: services\.shared\.shm_size: \/dev\/shm gets 104857Ki instead of 256Mi/,
            /compose\.yaml:\d+:\d+: services\.volume\.volumes\[0\]: \/v gets 131072Ki instead of 512Mi/,
        ])
            expect(warnings.join("\n")).to.match(cut);
    });
    it("is asked whether it is healthy as Docker asks, in a shell only where Docker uses one", () => {
        const probes = (healthcheck: object) => {
            const { startupProbe, readinessProbe, livenessProbe } = convert(service({ healthcheck })).container(
                "Deployment",
                "web",
            );
            return { startupProbe, readinessProbe, livenessProbe };
        };
        const { startupProbe, readinessProbe, livenessProbe } = probes({
            test: "curl -f localhost || exit 1",
            interval: "1m30s",
            timeout: "1500ms",
            retries: 4,
            start_period: "40m",
        });
        expect(readinessProbe).to.deep.equal({
            exec: { command: ["/bin/sh", "-c", "curl -f localhost || exit 1"] },
            periodSeconds: 90,
            timeoutSeconds: 2,
            failureThreshold: 4,
        });
        // 40 minutes and four times 90 seconds.
        expect(startupProbe).to.deep.include({ periodSeconds: 5, failureThreshold: 552 });
        expect(livenessProbe).to.equal(undefined);
        expect(probes({ test: ["CMD", "ready", "$$(X)"] }).readinessProbe.exec.command).to.deep.equal([
            "ready",
            "$$(X)",
        ]);
        for (const none of [{ test: ["NONE"] }, { disable: true }])
            expect(probes(none)).to.deep.equal({
                startupProbe: undefined,
                readinessProbe: undefined,
                livenessProbe: undefined,
            });
    });
    it("has replicas, rollouts and nodes as deploy says", () => {
        const { find, pod } = convert(
            service({
                deploy: {
                    replicas: 3,
                    update_config: { parallelism: 2, order: "stop-first" },
                    placement: { constraints: ["node.labels.disk==fast", "node.platform.arch == arm64"] },
                },
            }),
        );
        expect(find("Deployment", "web")["spec"]).to.deep.include({
            replicas: 3,
            strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 2 } },
        });
        expect(pod("Deployment", "web").nodeSelector).to.deep.equal({ disk: "fast", "kubernetes.io/arch": "arm64" });
        expect(refusalOf(service({ deploy: { mode: "global" } }))).to.include(
            'services.web.deploy.mode: "global" would be',
        );
    });
    it("runs on the nodes of its platform, which may be an architecture alone", () => {
        const nodes = (platform: string) => convert(service({ platform })).pod("Deployment", "web").nodeSelector;
        expect(nodes("amd64")).to.deep.equal({ "kubernetes.io/arch": "amd64" });
        expect(nodes("aarch64/v8")).to.deep.equal({ "kubernetes.io/arch": "arm64" });
        expect(nodes("linux")).to.deep.equal({ "kubernetes.io/os": "linux" });
        expect(nodes("linux/arm64/v8")).to.deep.equal({ "kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64" });
    });
    it("shares a pod with a container that has the same port of another protocol", () => {
        const pod = (port: string) => ({
            services: {
                web: { image: "a", ports: ["53:53/tcp"] },
                side: { image: "b", expose: [port], network_mode: "service:web" },
            },
        });
        expect(refusalOf(pod("53/udp"))).to.equal("");
        expect(refusalOf(pod("53"))).to.include("services.side: has port 53/tcp, and web in the same pod, too");
    });
    it("shares a pod with the service whose network it has, and is found there by its name", () => {
        const { pod, find, names } = convert({
            services: { web, side: { image: "sidecar:1", network_mode: "service:web" } },
        });
        expect(pod("Deployment", "web").containers.map(({ name }: { name: string }) => name)).to.deep.equal([
            "web",
            "side",
        ]);
        expect(names).not.to.include("Deployment side");
        expect(find("Service", "side")["spec"].selector["app.kubernetes.io/name"]).to.equal("web");
    });
    it("gets rights over its node only by name", () => {
        const risky = service({
            privileged: true,
            volumes: ["/var/run/docker.sock:/var/run/docker.sock", "/proc:/host:ro"],
        });
        expect(refusalOf(risky)).to.match(
            /volumes\[0\]: mounts Docker's socket.*\n.*volumes\[1\]: mounts \/proc of the machine/,
        );
        expect(refusalOf(service({ privileged: true }))).to.include(
            "services.web.privileged: has all rights over its node; allow it by name: allow.web: [privileged]",
        );
        const { container, find } = convert(risky, {
            instance: { allow: { web: ["privileged", "docker.sock", "/proc"] } },
        });
        expect(container("Deployment", "web").securityContext).to.deep.include({ privileged: true });
        expect(find("Namespace", "compose-shop").metadata.labels["pod-security.kubernetes.io/enforce"]).to.equal(
            "privileged",
        );
        expect(container("Deployment", "web").volumeMounts).to.deep.include({
            name: "host-proc",
            mountPath: "/host",
            readOnly: true,
        });
    });
    it("mounts paths of the machine as what the stack file says they are", () => {
        const mounts = service({ volumes: ["/srv/media:/media", "/run/docker.sock:/run/docker.sock"] });
        const binds = { "/srv/media": "volume", "/run/docker.sock": "none" };
        const { container, names } = convert(mounts, { instance: { binds } });
        expect(
            container("StatefulSet", "web").volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath),
        ).to.deep.equal(["/media"]);
        expect(names).to.include("PersistentVolumeClaim srv-media");
    });
    it("names volumes for paths as they are written, wherever the project lies", () => {
        const mounts = service({ volumes: ["../../../uploads:/uploads", "/srv/uploads:/media", "../../uploads:/old"] });
        // What is beside the project's folder belongs to it, and these are further away.
        const deep = { files: { "a/b/project/compose.yaml": stringify(mounts) } };
        const given = (binds: object) => ({ ...deep, instance: { file: "a/b/project/compose.yaml", binds } });
        expect(refusalOf(mounts, given({}))).to.match(
            /mounts \.\.\/\.\.\/\.\.\/uploads .* say what it is: binds: \{"\.\.\/\.\.\/\.\.\/uploads": volume\}/,
        );
        const binds = { "../../../uploads": "volume", "../../uploads": "volume", "/srv/uploads": "volume" };
        const claims = convert(mounts, given(binds)).names.filter((name) => /^Persistent/.test(name));
        expect(claims).to.have.members([
            "PersistentVolumeClaim srv-uploads",
            "PersistentVolumeClaim uploads",
            "PersistentVolumeClaim uploads-76424b",
        ]);
    });
    it("has further hosts and name servers as Kubernetes takes them, and the rest in a file or with a warning", () => {
        const own = {
            extra_hosts: ["box.example:10.1.2.3", "my_box:10.1.2.4", "BigBox=10.1.2.5", "six=[fd00::1]"],
            dns: ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"],
            dns_search: "",
        };
        const { pod, container, warnings } = convert({ services: { web: { ...web, ...own } } });
        expect(pod("Deployment", "web").hostAliases).to.deep.equal([
            { ip: "10.1.2.3", hostnames: ["box.example"] },
            { ip: "fd00::1", hostnames: ["six"] },
        ]);
        const script = container("Deployment", "web", "web-prepare").command[2] as string;
        expect(script).to.include('echo "10.1.2.4 my_box" >>').and.to.include('echo "10.1.2.5 BigBox" >>');
        expect(pod("Deployment", "web").dnsConfig).to.deep.equal({ nameservers: ["10.0.0.1", "10.0.0.2"] });
        expect(warnings.join()).to.include("services.web.dns: 10.0.0.3, 10.0.0.4 is left out");
        expect(refusalOf({ services: { web: { ...web, extra_hosts: ["box:elsewhere"] } } })).to.match(
            /compose\.yaml:\d+:\d+: services\.web\.extra_hosts\[0\]: "elsewhere" is no address/,
        );
    });
    it("leaves out kernel settings that kubelets refuse", () => {
        const odd = service({ sysctls: { "net.core.somaxconn": 1024, "net.ipv4.tcp_fin_timeout": 20 } });
        const { pod, warnings } = convert(odd);
        expect(pod("Deployment", "web").securityContext.sysctls).to.deep.equal([
            { name: "net.ipv4.tcp_fin_timeout", value: "20" },
        ]);
        expect(warnings.join()).to.include("services.web.sysctls.net.core.somaxconn: is left out");
    });
    it("tells once what several services have from one place, with all of their names", () => {
        const { warnings } = convert(
            "x-all: &all\n  image: own/all:1\n  ulimits: {nofile: 10}\nservices:\n  a:\n    <<: *all\n  b:\n    <<: *all\n  c:\n    image: own/c:1\n    ulimits: {nofile: 10}\n",
        );
        expect(warnings.filter((line) => line.includes("ulimits"))).to.deep.equal([
            "shop: compose.yaml:3:3: services.a.ulimits: has no counterpart: the container runtime sets them; change them in its configuration on the nodes; the same for b",
            "shop: compose.yaml:11:5: services.c.ulimits: has no counterpart: the container runtime sets them; change them in its configuration on the nodes",
        ]);
    });
    it("tells every key without counterpart, and refuses it with strict", () => {
        const odd = service({ ulimits: { nofile: 10 }, logging: { driver: "syslog" } });
        expect(convert(odd).warnings).to.have.length(2);
        expect(refusalOf(odd, { instance: { strict: true } })).to.match(
            /compose\.yaml:6:5: services\.web\.ulimits: has no counterpart: .*; strict is true/,
        );
    });
}).timeout(120_000);
