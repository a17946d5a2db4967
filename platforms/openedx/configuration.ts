import type { Component } from "../../components/component";
import type { SecretRef } from "../../components/graph";
import { python } from "../../components/languages/python";
import type { Text } from "../../components/languages/text";
import type { Mount } from "../../components/podArgs";
import type { Input } from "../../config/value";
import { Value } from "../../config/value";
import { publicUrl } from "../publicUrl";
import { buckets, type OpenedxConfig, type OpenedxInstance } from "./config";
import { documentHosts, isSrv, type Used } from "./services";
import { envFile } from "./settings/envFile";
import type { Facts, Layers, Settings, Variant } from "./settings/facts";
import { besideProduction } from "./settings/beside";
import { productionFile } from "./settings/production";

/** Ports of the two applications. */
export const webPort = 8000;
/** Of uWSGI's master, for probes. */
export const statusPort = 8001;

/** Everything secret in the configuration. */
interface SecretTexts {
    readonly secretKey: string;
    readonly cmsOauth2Secret: string;
    readonly jwtPrivateKey: string;
    readonly database: string;
    readonly documents: string;
    readonly broker: string;
    readonly cache: string;
    readonly searchApiKey: string;
    /** Empty where the pods have an identity of their own. */
    readonly storageAccessKey: string;
    readonly storageSecretKey: string;
    readonly mail: string;
    readonly xqueue: string;
}

const variants: readonly Variant[] = ["lms", "cms"];

/** The configuration files of LMS and Studio: both need those of both. */
export class Configuration {
    readonly mounts: readonly Mount[];
    /** For the Task that registers Studio at the LMS. */
    readonly cmsOauth2Secret: SecretRef;
    /** Without secrets, for files that hold none. */
    readonly facts: Facts;

    constructor(
        private readonly instance: OpenedxInstance,
        private readonly settings: OpenedxConfig,
        private readonly used: Used,
    ) {
        const owner: Component = instance.owner;
        this.facts = this.factsWith(without);
        const own = instance.secret(owner, "openedx", {
            cmsOauth2Secret: instance.password("cms-oauth2-secret", "cmsOauth2Secret"),
        });
        this.cmsOauth2Secret = own.cmsOauth2Secret;
        const texts = this.secretTexts();
        const env = instance.secret(
            owner,
            "openedx-config",
            Object.fromEntries(
                variants.map((variant) => [
                    `${variant}.env.yml`,
                    Value.all(texts).map((given) => envFile(variant, this.factsWith(given))),
                ]),
            ) as Record<`${Variant}.env.yml`, Value<Text<"yaml">>>,
        );
        this.mounts = [
            { path: "/openedx/config", secret: env["lms.env.yml"].secret },
            ...variants.map((variant) => ({
                path: `/openedx/edx-platform/${variant}/envs/tutor`,
                configMap: instance.add(owner, "ConfigMap", `settings-${variant}`, {
                    data: {
                        "__init__.py": python``,
                        "production.py": productionFile(variant, this.facts),
                        ...besideProduction(this.facts),
                    },
                }),
            })),
        ];
    }

    private secretTexts(): { readonly [Name in keyof SecretTexts]: Input<string> } {
        const { instance, used } = this;
        const { mail, storage } = used;
        const { accessKey, secretKey } = storage.settings;
        const { xqueue } = this.settings;
        const xqueuePassword = instance.secretValue("xqueuePassword");
        if (xqueue && !xqueuePassword)
            instance.problem(["xqueue"], `requires its password: ${instance.howToSet("xqueuePassword")}`, [
                "xqueuePassword",
            ]);
        return {
            secretKey: instance.password("secret-key", "openedxSecretKey", 50),
            jwtPrivateKey: instance.rsaKey("jwt", "jwtPrivateKey"),
            cmsOauth2Secret: instance.valueOf(this.cmsOauth2Secret),
            database: instance.valueOf(used.database.settings.password),
            documents: instance.valueOf(used.documents.settings.password),
            broker: instance.valueOf(used.broker.settings.password),
            cache: instance.valueOf(used.cache.settings.password),
            searchApiKey: instance.valueOf(used.search.settings.apiKey),
            storageAccessKey: accessKey ? instance.valueOf(accessKey) : "",
            storageSecretKey: secretKey ? instance.valueOf(secretKey) : "",
            mail: mail.password ? instance.valueOf(mail.password) : "",
            xqueue: xqueuePassword ?? "",
        };
    }

    private factsWith(secrets: SecretTexts): Facts {
        const { instance, settings, used } = this;
        const { host, studioHost, mfeHost, platformName, language, contactEmail = `contact@${host}` } = settings;
        return {
            scheme: publicUrl(instance, host).startsWith("https:") ? "https" : "http",
            hosts: { lms: host, studio: studioHost, mfe: mfeHost, aliases: settings.aliases },
            internal: {
                lms: `${instance.objectName("lms")}:${webPort}`,
                cms: `${instance.objectName("cms")}:${webPort}`,
            },
            platform: { name: platformName, language, contactEmail },
            services: servicesOf(used, secrets, settings),
            secrets,
            switches: {
                forum: settings.forum,
                indigo: settings.theme === "indigo",
                courseDiscovery: settings.courseDiscovery,
                ...(settings.notes ? { notes: settings.notes } : {}),
                ...(settings.codejail ? { codejail: settings.codejail } : {}),
                ...(settings.xqueue ? { xqueue: { ...settings.xqueue, password: secrets.xqueue } } : {}),
            },
            ...this.plugIns(),
        };
    }

    private plugIns(): Pick<Facts, "settings" | "features" | "env" | "mfe"> {
        const { settings, features, mfe } = this.settings;
        const layered = <T>(of: (layer: OpenedxConfig["settings"]["common"]) => T): Layers<T> => ({
            common: of(settings.common),
            lms: of(settings.lms),
            cms: of(settings.cms),
        });
        const own = layered((layer): Settings => layer.features);
        return {
            settings: layered(({ values, python }) => ({ values, python })),
            env: layered(({ env }) => env),
            features: { ...own, common: { ...features, ...own.common } },
            mfe: {
                config: mfe.config,
                configOf: mfe.configOf,
                site: mfe.site,
                apps: Object.fromEntries(
                    Object.entries(mfe.apps).map(([name, { path, upstream }]) => [
                        name,
                        { ...(path === undefined ? {} : { path }), ...(upstream === undefined ? {} : { upstream }) },
                    ]),
                ),
            },
        };
    }
}

const none = "";
const without: SecretTexts = {
    secretKey: none,
    cmsOauth2Secret: none,
    jwtPrivateKey: none,
    database: none,
    documents: none,
    broker: none,
    cache: none,
    searchApiKey: none,
    storageAccessKey: none,
    storageSecretKey: none,
    mail: none,
    xqueue: none,
};

function servicesOf(used: Used, secrets: SecretTexts, settings: OpenedxConfig): Facts["services"] {
    const { database, documents, search, storage, mail, bucketNames } = used;
    const portOf = (service: { readonly ports: Readonly<Record<string, number>> }) => Object.values(service.ports)[0]!;
    // Numbers of their own, for those who have one server for both: emptying the cache must leave the queues alone.
    const redis = ({ host, ports, tls: secure, anyName }: Used["cache"], password: string, database: number) => ({
        host,
        port: Object.values(ports)[0]!,
        database,
        password,
        tls: secure,
        anyName,
    });
    const [first = "", ...others] = documentHosts(used);
    const { replicaSet, authSource, tls } = documents.settings;
    const bucket = (name: string) => bucketNames[name]!;
    const { objectStorage: files } = settings;
    return {
        mysql: {
            host: database.host,
            port: portOf(database),
            name: database.settings.name,
            user: database.settings.user,
            password: secrets.database,
            tls: database.tls,
            anyName: database.anyName,
        },
        mongodb: {
            hosts: isSrv(used) ? [`mongodb+srv://${first}`] : [first, ...others],
            port: portOf(documents),
            name: documents.settings.name,
            user: documents.settings.user,
            password: secrets.documents,
            authSource,
            ...(replicaSet ? { replicaSet } : {}),
            tls: tls === "true",
        },
        broker: redis(used.broker, secrets.broker, 0),
        cache: redis(used.cache, secrets.cache, 1),
        search: {
            url: search.settings.url,
            publicUrl: search.settings.publicUrl,
            apiKey: secrets.searchApiKey,
            prefix: search.settings.prefix,
        },
        mail: {
            host: mail.host,
            port: mail.port,
            encryption: mail.encryption,
            ...(mail.username === undefined ? {} : { username: mail.username, password: secrets.mail }),
        },
        objectStorage: {
            endpoint: storage.settings.endpoint,
            publicEndpoint: storage.settings.publicEndpoint,
            region: storage.settings.region,
            pathStyle: storage.settings.forcePathStyle === "true",
            accessKey: secrets.storageAccessKey,
            secretKey: secrets.storageSecretKey,
            buckets: {
                main: bucket(buckets.main),
                uploads: bucket(buckets.uploads),
                grades: bucket(buckets.grades),
                learning: bucket(buckets.learning),
            },
            // Nobody knows what policies buckets have that Plinth does not manage.
            publicProfileImages: files.topology === "single" || files.manageBuckets,
        },
    };
}
