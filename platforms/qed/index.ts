import { backUp } from "../../components/backup";
import { OpenCache } from "../../components/cache";
import { Database } from "../../components/database";
import { DocumentStore } from "../../components/documentStore";
import { rangesOf } from "../../components/external";
import { Service } from "../../components/graph";
import type { HasNode } from "../../components/instance";
import { publish } from "../../components/loadBalancer";
import { WebTier, type WebTierArgs } from "../../components/webTier";
import { Worker, type WorkerArgs } from "../../components/worker";
import { documentStorePort } from "../../config/documentStore";
import { type Declared, definePlatform } from "../platform";
import { publicUrl } from "../publicUrl";
import { checkBuilds, type ImageSources, readImages } from "./builds";
import { config, type QedConfig, type QedInstance } from "./config";
import { operations } from "./operations";
import { cyanPod, daskWorkerPod, hmsPod, schedulerPod } from "./pods/models";
import { tomcatPod } from "./pods/tomcat";
import { Django, nginxPod } from "./pods/web";
import { ctsPod, Flask, flowerPod, nodejsPod } from "./pods/workers";
import type { ServiceName } from "./services";
import { type DataServices, Suite } from "./suite";

/**
 * QED: clients → load balancer → nginx → Django, and Flask for all programs of the suite; both → PostGIS, MongoDB, HMS,
 * and through redis → Celery's workers; Flask and Celery → dask.
 *
 * nginx and the programs behind it use each other, so that only data services and dask's scheduler come before others.
 */
export const qed = definePlatform({
    ...config,
    read: ({ builds }, { folder }) => {
        const source = readImages(builds, folder);
        return { images: source.images, source };
    },
    declare,
    operations,
});

/** The data services of an instance, with what is needed to start after them. */
interface Data {
    readonly services: DataServices;
    readonly redis: HasNode | undefined;
    readonly mongodb: HasNode | undefined;
    readonly documents: DocumentStore | undefined;
    readonly postgres: Database | undefined;
    readonly cyanDb: Database | undefined;
}

function declare(instance: QedInstance, settings: QedConfig, { images, builds }: ImageSources): Declared {
    checkBuilds(instance, builds);
    const suite = new Suite(instance, settings, images);
    const { size } = suite;
    const data = dataServices(suite);
    const { services, redis, mongodb, postgres, cyanDb } = data;
    const after = suite.after(redis, mongodb, postgres);
    const networkRules = suite.outside();
    const web = (name: ServiceName, args: () => WebTierArgs) =>
        suite.has(name) ? [new WebTier(instance, name, args())] : [];
    const worker = (name: ServiceName, args: () => WorkerArgs) =>
        suite.has(name) ? [new Worker(instance, name, args())] : [];

    const scheduler = web("dask-scheduler", () => ({ pod: schedulerPod(suite), single: true }));
    const outward = { networkRules, startsAfter: [...after, ...scheduler] };
    const flask = new Flask(suite, services);
    const django = suite.has("qed-django") ? new Django(suite, services) : undefined;
    const writers: HasNode[] = [
        ...web("qed-django", () => ({
            pod: django!.pod(),
            replicas: size.django.replicas,
            // Its accounts are in a file then.
            ...(postgres ? {} : { single: true, replicas: 1 }),
            networkRules,
            startsAfter: after,
        })),
        ...web("qed-flask", () => ({ pod: flask.web(), replicas: size.flask.replicas, ...outward })),
        ...worker("qed-celery", () => ({ pod: flask.worker(), replicas: size.celery.replicas, ...outward })),
        ...web("cts-nodejs", () => ({ pod: nodejsPod(suite, services), single: true, startsAfter: after })),
        ...worker("cts-manager", () => ({ pod: ctsPod(suite, "manager", services), ...outward })),
        ...worker("cts-worker", () => ({
            pod: ctsPod(suite, "worker", services),
            replicas: size.ctsWorker.replicas,
            ...outward,
        })),
        ...web("hms-dotnetcore", () => ({ pod: hmsPod(suite, services), single: true, ...outward })),
        ...worker("dask-worker", () => ({
            pod: daskWorkerPod(suite, services),
            replicas: size.daskWorker.replicas,
            ...outward,
        })),
    ];
    web("celery-flower", () => ({ pod: flowerPod(suite, services), single: true, startsAfter: after }));
    const cyanAfter = { networkRules, startsAfter: suite.after(redis, cyanDb) };
    web("cyan-api", () => ({ pod: cyanPod(suite, "api", services), ...cyanAfter }));
    worker("cyan-celery", () => ({ pod: cyanPod(suite, "celery", services), ...cyanAfter }));
    if (suite.has("qed-tomcat")) tomcat(suite);
    const [nginx] = web("qed-nginx", () => ({ pod: nginxPod(suite), replicas: size.nginx.replicas }));

    backup(suite, data, writers);
    const { host } = settings;
    publish(instance, [{ host, routes: nginx ? [{ to: nginx.service, port: "http" }] : [] }]);
    return {
        urls: { site: `${publicUrl(instance, host)}/` },
        ...(django?.loginPassword ? { firstLogin: { user: "qeduser", password: django.loginPassword } } : {}),
    };
}

function dataServices(suite: Suite): Data {
    const { instance, settings, size } = suite;
    const redis = suite.has("redis")
        ? new OpenCache(instance, "redis", { config: settings.redis, resources: size.redis, size: "2Gi" })
        : undefined;
    const postgres = suite.has("postgres")
        ? new Database(instance, "postgres", {
              config: settings.postgres,
              database: "qed",
              user: "qed",
              image: suite.images.postgis,
              extensions: ["postgis"],
              resources: { cpu: size.postgres.cpu, memory: size.postgres.memory },
              size: size.postgres.volume,
          })
        : undefined;
    const cyanDb = suite.has("cyan-db")
        ? new Database(instance, "cyan-db", {
              config: settings["cyan-db"],
              database: "cyan",
              user: "cyan",
              resources: { cpu: size.cyanDb.cpu, memory: size.cyanDb.memory },
              size: size.cyanDb.volume,
          })
        : undefined;
    const { mongodb, documents } = documentStore(suite);
    return {
        redis,
        mongodb,
        documents,
        postgres,
        cyanDb,
        services: {
            ...(redis ? { redis: redis.service } : {}),
            ...(mongodb ? { mongodb: mongodb.service } : {}),
            ...(postgres ? { postgres: postgres.service } : {}),
            ...(cyanDb ? { cyanDb: cyanDb.service } : {}),
        },
    };
}

/** MongoDB, in the cluster or outside; HMS gives it no password in either case. */
function documentStore(suite: Suite): {
    mongodb: (HasNode & { readonly service: Service }) | undefined;
    documents: DocumentStore | undefined;
} {
    const { instance, settings, size } = suite;
    const { mongodb } = settings;
    if (!suite.has("mongodb")) return { mongodb: undefined, documents: undefined };
    if (mongodb.topology === "external") {
        const node = instance.addNode("mongodb", { kind: "document store", pods: false });
        const external = { cidrs: rangesOf(mongodb.host, mongodb.cidrs) };
        const service = new Service(node.id, mongodb.host, { mongodb: documentStorePort }, {}, external);
        return { mongodb: { node, service }, documents: undefined };
    }
    const documents = new DocumentStore(instance, "mongodb", {
        config: mongodb,
        database: "hms_workflows",
        user: "qed",
        open: true,
        resources: { cpu: size.mongodb.cpu, memory: size.mongodb.memory },
        size: size.mongodb.volume,
    });
    return { mongodb: documents, documents };
}

function tomcat(suite: Suite): void {
    const { layout } = suite.settings.tomcat;
    for (const name of layout === "one" ? (["qed-tomcat"] as const) : (["ctsws", "jchemws"] as const))
        new WebTier(suite.instance, name, { pod: tomcatPod(suite, name), single: layout === "one" });
}

/** PostGIS and MongoDB, with all databases of the latter: the suite's programs have one each. */
function backup({ instance, settings }: Suite, { postgres, documents }: Data, writers: readonly HasNode[]): void {
    if (!postgres) {
        if (settings.backup) instance.warn("nothing is backed up: a backup needs postgres");
        return;
    }
    backUp(instance, {
        config: settings.backup,
        database: postgres,
        ...(documents ? { documents, allDocuments: true } : {}),
        writers,
    });
}
