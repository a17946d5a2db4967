import { postgresTlsEnv } from "../../../components/authorities";
import type { SecretRef } from "../../../components/graph";
import { wholeFile } from "../../../components/languages/text";
import type { ContainerArgs, Mount, PodArgs } from "../../../components/podArgs";
import { drainSeconds } from "../../../components/webTier";
import { nginxCommand, nginxTemp } from "../../nginx";
import { publicUrl } from "../../publicUrl";
import { httpProbe, scratch } from "../../webPod";
import { calculators } from "../config";
import { nginxConf } from "../nginx";
import { paths, ports, users } from "../paths";
import { addressOf, type DataServices, edges, given, inRuntime, pythonEnv, type Suite } from "../suite";

/** Processes of Django's and Flask's uwsgi, by their own files. */
const processes = 16;
/** Additional seconds to end and to log after waiting. */
const stopSeconds = 15;
/** Where Django's secrets are in a Secret, before `write_secrets.py` writes the suite's files of them. */
const handed = "/run/qed";
const uwsgiFile = "/etc/uwsgi/uwsgi.ini";

/** uwsgi answers in its own binary protocol: only its port can be asked. */
export const socketProbes = (port: number, startSeconds = 300): NonNullable<ContainerArgs["probes"]> => {
    const socket = { tcpSocket: { port }, timeoutSeconds: 5 };
    return {
        startup: { ...socket, periodSeconds: 5, failureThreshold: startSeconds / 5 },
        readiness: { ...socket, periodSeconds: 10, failureThreshold: 3 },
        liveness: { ...socket, periodSeconds: 20, failureThreshold: 6 },
    };
};

export function nginxPod(suite: Suite): PodArgs {
    const { instance, settings, size, volumes } = suite;
    const { timeoutSeconds, anyOrigin } = settings.web;
    const django = suite.find("qed-django", { uwsgi: ports.uwsgi });
    const flask = suite.find("qed-flask", { uwsgi: ports.uwsgi });
    const sockets = suite.find("cts-nodejs", { http: ports.nodejs });
    const cyan = suite.find("cyan-api", { uwsgi: ports.cyanUwsgi });
    const { chemistry } = suite;
    const files = volumes.mount("collected-static", paths.static, true);
    const file = nginxConf({
        maxBody: settings.http.maxBody,
        bodies: processes,
        timeoutSeconds,
        anyOrigin,
        files: files.length > 0,
        django: addressOf(django),
        flask: addressOf(flask),
        sockets: sockets && { address: addressOf(sockets)!, path: settings.cts.socketPath },
        jchem: addressOf(chemistry?.jchem),
        ctsws: addressOf(chemistry?.ctsws),
        cyan: addressOf(cyan),
    });
    const configMap = instance.add(instance.owner, "ConfigMap", "qed-nginx", { data: { "nginx.conf": file } });
    const probe = httpProbe(ports.http, "/healthz");
    return {
        user: users.nginx,
        ...suite.placement,
        containers: [
            {
                name: "qed-nginx",
                image: suite.images.nginx,
                command: nginxCommand(Object.values(suite.nginxPorts), "-c", "/etc/qed-nginx/nginx.conf"),
                uses: edges(
                    django?.bind(),
                    flask?.bind(),
                    sockets?.bind(),
                    cyan?.bind(),
                    chemistry?.jchem.bind(),
                    chemistry?.ctsws.bind(),
                ),
                ports: suite.nginxPorts,
                resources: { cpu: size.nginx.cpu, memory: size.nginx.memory },
                probes: { readiness: probe(5, 3), liveness: probe(20, 6) },
                mounts: [
                    { path: "/etc/qed-nginx", configMap },
                    scratch("/tmp", nginxTemp(processes, settings.http.maxBody)),
                    ...files,
                ],
            },
        ],
        // The image's stop signal lets requests finish.
        graceSeconds: drainSeconds + timeoutSeconds + stopSeconds,
    };
}

/** Django: what it serves, and what is done before. */
export class Django {
    /** Password of the account `qeduser`, if visitors have to log in. */
    readonly loginPassword: SecretRef | undefined;
    private readonly secrets: readonly Mount[];

    constructor(
        private readonly suite: Suite,
        private readonly data: DataServices,
    ) {
        const { instance, settings } = suite;
        const keys = {
            "secret_key_django_dropbox.txt": suite.passwords.djangoSecretKey.map(wholeFile),
        };
        const own = Object.values(instance.secret(instance.owner, "qed-django", keys));
        const login = settings.django.login
            ? instance.secret(instance.owner, "qed-login", {
                  "secret_key_login.txt": suite.passwords.login.map(wholeFile),
                  "secret_key_hms.txt": suite.passwords.hms.map(wholeFile),
                  "secret_key_hms_private.txt": suite.passwords.hmsAdmin.map(wholeFile),
              })
            : undefined;
        this.loginPassword = login?.["secret_key_login.txt"];
        const file = ({ secret, key }: SecretRef, name = key): Mount => ({
            path: `${handed}/${name}`,
            secret,
            file: key,
        });
        const database = data.postgres?.settings.password;
        this.secrets = [
            ...own.map((one) => file(one)),
            ...Object.values(login ?? {}).map((one) => file(one)),
            ...(database ? [file(database, "secret_key_database.txt")] : []),
        ];
    }

    pod(): PodArgs {
        const { suite } = this;
        const { size, settings } = suite;
        const { timeoutSeconds } = settings.web;
        return {
            user: users.python,
            ...suite.placement,
            initContainers: [this.files(), this.prepare()],
            containers: [
                this.container("qed-django", {
                    command: inRuntime(settings.django.runtime, ["uwsgi", uwsgiFile]),
                    ports: { uwsgi: ports.uwsgi },
                    resources: { cpu: size.django.cpu, memory: size.django.memory },
                    probes: socketProbes(ports.uwsgi),
                }),
            ],
            graceSeconds: drainSeconds + timeoutSeconds + stopSeconds,
        };
    }

    /** Writes the files that the suite reads passwords from. */
    private files(): ContainerArgs {
        const { settings, images } = this.suite;
        return {
            name: "secrets",
            image: images["qed-django"],
            command: inRuntime(settings.django.runtime, ["python", `${paths.scripts}/write_secrets.py`]),
            env: { ...pythonEnv, FROM: handed, TO: paths.secrets },
            resources: { cpu: "25m", memory: "128Mi" },
            mounts: [...this.secrets, this.scripts(), this.secretFiles(), scratch("/tmp", "256Mi")],
        };
    }

    private prepare(): ContainerArgs {
        return this.container("prepare", {
            command: inRuntime(this.suite.settings.django.runtime, ["sh", `${paths.scripts}/prepare.sh`]),
            resources: { cpu: "100m", memory: "512Mi" },
        });
    }

    private container(name: string, args: Omit<ContainerArgs, "name" | "image">): ContainerArgs {
        const { suite, data } = this;
        const { volumes } = suite;
        const accounts = volumes.single("django-data");
        return {
            name,
            image: suite.images["qed-django"],
            workingDir: paths.code,
            ...args,
            env: { ...this.environment(), ...(data.postgres ? postgresTlsEnv(data.postgres) : {}) },
            uses: edges(
                data.redis?.bind({ REDIS_HOSTNAME: "host", REDIS_PORT: "port" }),
                data.mongodb?.bind(),
                data.postgres?.bind({
                    PISCES_DB_HOST: "host",
                    PISCES_DB_PORT: "port",
                    PISCES_DB_NAME: "name",
                    PISCES_DB_USER: "user",
                }),
                suite.flask?.service.bind({}, ["flask"]),
                suite.hms?.service.bind(),
                suite.find("cts-nodejs", { http: ports.nodejs })?.bind({ NODEJS_HOST: "host", NODEJS_PORT: "port" }),
                suite.chemistry?.jchem.bind(),
                suite.chemistry?.ctsws.bind(),
            ),
            mounts: [
                ...volumes.djangoSources(),
                ...volumes.mount("collected-static", paths.static),
                ...volumes.mount("app-data", paths.appData),
                ...(accounts === undefined ? [] : [{ path: "/var/lib/qed", claim: accounts }]),
                this.secretFiles(),
                this.scripts(),
                scratch("/tmp", "1Gi"),
            ],
        };
    }

    private environment(): ContainerArgs["env"] {
        const { suite, data } = this;
        const { instance, settings } = suite;
        const { django, host } = settings;
        const { mongodb } = data;
        const hms = suite.hms?.url;
        const inner = suite.find("qed-nginx", suite.nginxPorts)?.host;
        return {
            // Its own settings, and on top of them what the deployment knows.
            DJANGO_SETTINGS_MODULE: "plinth_settings",
            QED_SETTINGS: django.settings,
            PYTHONPATH: `${paths.scripts}:${paths.code}`,
            ...pythonEnv,
            QED_HOSTS: [host, ...(inner === undefined ? [] : [inner])].join(","),
            QED_SECURE: publicUrl(instance, host).startsWith("https:") ? "1" : "0",
            QED_SECRETS: paths.secrets,
            ...(data.postgres ? {} : { QED_SQLITE: "/var/lib/qed/db.sqlite3" }),
            ...cluster,
            SERVER_NAME: "KUBERNETES",
            IN_PROD: django.production ? "1" : "0",
            IS_PUBLIC: django.production ? "True" : "False",
            // The suite's settings for Kubernetes take its absence for "1".
            DEBUG: django.production ? "0" : "1",
            PASSWORD_REQUIRED: django.login ? "True" : "False",
            HMS_RELEASE: django.login ? "0" : "1",
            HMS_AQUATOX_WEBAPP: "True",
            DATA_PATH: paths.appData,
            ...given({
                UBERTOOL_REST_SERVER: suite.flask?.url,
                QED_REST_SERVER: suite.flask?.url,
                HMS_BACKEND_SERVER: hms,
                HMS_BACKEND_SERVER_DOCKER: hms,
                HMS_BACKEND_SERVER_INTERNAL: hms,
                HMS_BACKEND_SERVER_URL: hms,
                MONGO_SERVER: addressOf(mongodb),
            }),
            ...ctsEnvironment(suite, mongodb),
        };
    }

    private scripts(): Mount {
        return { path: paths.scripts, configMap: this.suite.scripts };
    }

    private secretFiles(): Mount {
        return { path: paths.secrets, scratch: { memory: true, size: "1Mi" }, name: "secret-files" };
    }
}

/**
 * Chooses the suite's own file of variables for Kubernetes. Without a name in its list, its programs ask a server of
 * EPA's own network at each start.
 */
export const cluster = { DOCKER_HOSTNAME: "QED-KUBERNETES" } as const;

/** What Django and the workers of CTS are told about its calculators. */
export function ctsEnvironment(suite: Suite, mongodb: DataServices["mongodb"]): Record<string, string> {
    const { chemistry, settings } = suite;
    const at = (service: typeof mongodb) => service && `http://${addressOf(service)}`;
    const inner = suite.find("qed-nginx", { http: ports.http });
    return given({
        CTS_JCHEM_SERVER: at(chemistry?.jchem),
        CTS_EFS_SERVER: at(chemistry?.ctsws),
        CTS_REST_SERVER: at(inner),
        CTS_STATIC_URL: "/static_qed/",
        CTS_DB_HOST: mongodb && `mongodb://${addressOf(mongodb)}`,
        CTS_DB_NAME: mongodb && "cts",
        ...Object.fromEntries(
            Object.entries(calculators).map(([name, variable]) => [
                variable,
                settings.cts.calculators[name as keyof typeof calculators],
            ]),
        ),
    });
}
