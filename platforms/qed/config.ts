import { z } from "zod";
import { backup, backupSecrets } from "../../config/backup";
import { cacheOf } from "../../config/cache";
import { databaseOf, databaseSecretsOf } from "../../config/database";
import { edgeSecrets } from "../../config/edge";
import { documentStore } from "../../config/documentStore";
import { cidr, instanceFields, port, server } from "../../config/fields";
import { own } from "../../config/own";
import type { PlatformConfig } from "../../config/platform";
import type { InstanceOf, SettingsOf } from "../platform";
import { builds } from "./builds";
import { images } from "./images";
import { type ServiceName, serviceNames, services } from "./services";
import { sizes } from "./sizes";

/** How programs of a Python image find their interpreter and libraries. */
const runtime = (usual: "none" | "conda" | "micromamba") =>
    z
        .strictObject({
            manager: z.enum(["none", "conda", "micromamba"]).default(usual),
            /** Name of the environment in the image. */
            environment: z
                .string()
                .regex(/^[A-Za-z0-9][-\w.]*$/, "allowed: the name of an environment, such as pyenv")
                .default("pyenv"),
        })
        .prefault({});

export type Runtime = z.infer<ReturnType<typeof runtime>>;

const httpAddress = z
    .url({ protocol: /^https?$/, error: "allowed: an address such as https://host.example.org/path" })
    .max(1024, "is longer than 1024 characters");

/** Calculators of CTS that are not part of the suite: each has a variable of its own in CTS's code. */
export const calculators = {
    epi: "CTS_EPI_SERVER",
    measured: "CTS_MEASURED_SERVER",
    test: "CTS_TEST_SERVER",
    sparc: "CTS_SPARC_SERVER",
    opera: "CTS_OPERA_SERVER",
    biotransformer: "CTS_BIOTRANS_SERVER",
    envipath: "CTS_ENVIPATH_SERVER",
    pkasolver: "CTS_PKASOLVER_SERVER",
    molgpka: "CTS_MOLGPKA_SERVER",
} as const;

const workers = {
    /** Tasks that one pod works on at the same time. @default by size */
    concurrency: z.int().min(1).max(64),
    /** Duration in seconds of the longest task: a stopping worker finishes it first. */
    longestTaskSeconds: z.int().min(30).max(86_400).default(3600),
};

const switches = Object.fromEntries(
    serviceNames.map((name) => [name, z.boolean().default(services[name])]),
) as Readonly<Record<ServiceName, z.ZodDefault<z.ZodBoolean>>>;

const schema = z.strictObject({
    platform: z.literal("qed"),
    ...instanceFields,
    /** The suite's services, by their names. One that cannot start without another is off together with that. */
    services: z.strictObject(switches).prefault({}),
    /** Queue and results of Celery, and channels of CTS. It asks for no password, because CTS gives none. */
    redis: cacheOf({ policies: ["noeviction"], persistence: true, own: "queue", plain: true }),
    /** Documents of HMS and CTS. It asks for no password, because HMS gives none. */
    mongodb: z.discriminatedUnion("topology", [
        documentStore.options[0].omit({ name: true, user: true }),
        own(
            z.strictObject({
                /** A server outside the cluster that serves the cluster's addresses without a password, on port 27017. */
                topology: z.literal("external"),
                host: server,
                /** Address ranges of the server, for the NetworkPolicy. @default the host if it is an address, else any */
                cidrs: z.array(cidr).default([]),
            }),
            { what: "document store", key: ["host"], identity: ({ host }) => host },
        ),
    ]),
    /** PostGIS: the data of PiSCES, and Django's accounts and sessions. */
    postgres: databaseOf(["postgres"]),
    /** The database of cyan-api. */
    "cyan-db": databaseOf(["mariadb", "mysql"], ["single", "external"], { plain: true }),
    /** @default no backups */
    backup: backup.optional(),
    web: z
        .strictObject({
            /** Timeout in seconds for a response of Django and Flask: simulations run for minutes. */
            timeoutSeconds: z.int().min(10).max(7200).default(600),
            /** Whether pages of other sites may use the suite's interfaces (CORS). */
            anyOrigin: z.boolean().default(false),
        })
        .prefault({}),
    django: z
        .strictObject({
            /** Module with the image's own settings: `settings_docker` in images of the Compose project. */
            settings: z
                .string()
                .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, "allowed: a Python module, such as settings_kube")
                .default("settings_kube"),
            /** False shows stack traces, and applications that are not released. */
            production: z.boolean().default(true),
            /** Whether visitors have to log in, as `qeduser`, `hmsuser` or `hmsadmin`. */
            login: z.boolean().default(false),
            runtime: runtime("none"),
        })
        .prefault({}),
    flask: z.strictObject({ runtime: runtime("conda") }).prefault({}),
    celery: z.strictObject(workers),
    cts: z.strictObject({
        ...workers,
        /** Path of the WebSocket in the image of cts-nodejs: newer ones have `/cts/ws/`. */
        socketPath: z.enum(["/socket.io", "/cts/ws/"]).default("/socket.io"),
        runtime: runtime("micromamba"),
        /** Addresses of calculators that are not part of the suite. */
        calculators: z
            .strictObject(
                Object.fromEntries(Object.keys(calculators).map((name) => [name, httpAddress.optional()])) as Record<
                    keyof typeof calculators,
                    z.ZodOptional<typeof httpAddress>
                >,
            )
            .prefault({}),
    }),
    dask: z
        .strictObject({
            /** Threads of one worker. */
            threads: z.int().min(1).max(64).default(2),
            runtime: runtime("conda"),
        })
        .prefault({}),
    tomcat: z
        .strictObject({
            /** `one`: qed-tomcat, with both applications on a volume; `split`: the newer images ctsws and jchemws. */
            layout: z.enum(["one", "split"]).default("one"),
        })
        .prefault({}),
    /**
     * The suite's images that are built here, from Dockerfiles of its repositories: `./plinth images build`, `push` and
     * `load`.
     *
     * @default none: the published images
     */
    builds,
    /**
     * What is on a volume because an image has dependencies only ("lite"): the code of Django, Flask and dask's workers,
     * and the repositories templates_qed, static_qed and temp_config.
     */
    sources: z
        .strictObject({
            django: z.boolean().default(false),
            templates: z.boolean().default(false),
            static: z.boolean().default(false),
            config: z.boolean().default(false),
            flask: z.boolean().default(false),
            dask: z.boolean().default(false),
        })
        .prefault({}),
    cyan: z
        .strictObject({
            /** Mail server of cyan-api, for its notifications. @default none are mailed */
            mail: z.strictObject({ host: server, port: port.default(465), address: z.email() }).optional(),
        })
        .prefault({}),
});

export type QedConfig = SettingsOf<typeof schema>;

export const config = {
    name: "qed",
    schema,
    images,
    defaults: (size) => {
        const { concurrency } = sizes[size];
        return {
            // As the suite's own nginx.
            http: { maxBody: "200Mi" },
            redis: { topology: "single" },
            mongodb: { topology: "single" },
            postgres: { topology: "single" },
            "cyan-db": { topology: "single" },
            celery: { concurrency },
            cts: { concurrency },
        };
    },
    secrets: {
        djangoSecretKey: { purpose: "Django's key for sessions and forms; generated unless set", min: 20 },
        loginPassword: "Password of qeduser, for django.login; generated unless set",
        hmsPassword: "Password of hmsuser, for django.login; generated unless set",
        hmsAdminPassword: "Password of hmsadmin, for django.login; generated unless set",
        flowerPassword: "Password of the user qed of Flower's page; generated unless set",
        ctswsPassword: "Password of the user ctsws, with which ctsws is asked; generated unless set",
        googleApiKey: "Google's API key for HMS",
        watersApiKey: "API key of EPA's WATERS services for HMS",
        ccteApiKey: "API key of EPA's CCTE services for CTS",
        chemaxonLicense: { purpose: "ChemAxon's license file, license.cxl, for Tomcat", lines: true },
        tomcatUsers: { purpose: "Tomcat's tomcat-users.xml; without it nobody logs in to its pages", lines: true },
        cyanMailPassword: "Password of cyan.mail.address",
        ...databaseSecretsOf("postgres"),
        ...databaseSecretsOf("cyan-db"),
        mongodbPassword: "Password of an account of MongoDB that nothing needs; generated unless set",
        mongodbRootPassword: "Password of the administrator (root) of MongoDB",
        ...backupSecrets,
        ...edgeSecrets,
    },
} satisfies PlatformConfig;

export type QedInstance = InstanceOf<typeof config.secrets>;
