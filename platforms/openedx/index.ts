import { backUp } from "../../components/backup";
import { Cache } from "../../components/cache";
import { Database } from "../../components/database";
import { DocumentStore } from "../../components/documentStore";
import { publish } from "../../components/loadBalancer";
import { outgoingMail } from "../../components/mail";
import { MailRelay } from "../../components/mailRelay";
import { ObjectStorage } from "../../components/objectStorage";
import { ScheduledTask } from "../../components/scheduledTask";
import { Search } from "../../components/search";
import { Task } from "../../components/task";
import { upgradeTask } from "../../components/upgrade";
import { WebTier } from "../../components/webTier";
import { Worker } from "../../components/worker";
import { type Declared, definePlatform } from "../platform";
import { publicHostOf, publicUrl } from "../publicUrl";
import { check } from "./check";
import { buckets, config, type OpenedxConfig, type OpenedxInstance } from "./config";
import { images } from "./images";
import { operations } from "./operations";
import { Pods } from "./pods";
import { user } from "./paths";
import { checkedRelease } from "./release";
import type { Used, UsedMail } from "./services";
import { wayTo } from "../webPod";
import { sizes } from "./sizes";
import { workersOf } from "./workers";

/**
 * Open edX (Verawood): clients → load balancer → LMS, Studio and micro-frontends → MySQL, MongoDB, search, object
 * storage, and through the broker → workers of both.
 *
 * Servers and buckets come first, then all migrations and the set-up in one Task, then everything that serves; the
 * previous version serves until then.
 */
export const openedx = definePlatform({ ...config, declare, operations });

function declare(instance: OpenedxInstance, settings: OpenedxConfig): Declared {
    check(instance, settings);
    const size = sizes[settings.size];
    const { host, studioHost, mfeHost } = settings;
    const forBrowsers = (one: string | undefined) => (one === undefined ? {} : { publicUrl: publicUrl(instance, one) });
    const origins = [host, studioHost, mfeHost].map((one) => publicUrl(instance, one));
    const database = new Database(instance, "database", {
        config: settings.database,
        database: "openedx",
        user: "openedx",
        resources: { cpu: size.database.cpu, memory: size.database.memory },
        size: size.database.volume,
        anyName: true,
    });
    const documents = new DocumentStore(instance, "documents", {
        config: settings.documents,
        database: "openedx",
        user: "openedx",
        resources: { cpu: size.documents.cpu, memory: size.documents.memory },
        size: size.documents.volume,
        series: ["7.0"],
        seriesReason: "Open edX's driver is made for MongoDB 7.0",
    });
    const broker = new Cache(instance, "broker", { config: settings.broker, resources: size.broker, anyName: true });
    const cache = new Cache(instance, "cache", { config: settings.cache, resources: size.cache, anyName: true });
    const search = new Search(instance, "search", {
        config: settings.search,
        resources: { cpu: size.search.cpu, memory: size.search.memory },
        size: size.search.volume,
        ...forBrowsers(publicHostOf(settings.search)),
    });
    const storage = new ObjectStorage(instance, "storage", {
        config: settings.objectStorage,
        // Learners' pictures are the only files that everybody may read. Browsers send files of answers to the bucket.
        buckets: [
            { name: buckets.main, public: ["openedx/media/profile-images/"] },
            { name: buckets.uploads, cors: { origins, methods: ["GET", "HEAD", "PUT"] } },
            { name: buckets.grades },
            { name: buckets.learning },
        ],
        size: size.storage,
        ...forBrowsers(publicHostOf(settings.objectStorage)),
    });
    const used: Used = {
        database: database.service,
        documents: documents.service,
        broker: broker.service,
        cache: cache.service,
        search: search.service,
        searchEngine: search.engine,
        storage: storage.service,
        bucketNames: storage.bucketNames,
        mail: mailOf(instance, settings),
    };
    const pods = new Pods(instance, settings, used);
    const { networkRules } = pods;

    const migrate = upgradeTask(instance, "migrate", {
        pod: pods.migrate(),
        startsAfter: [database, documents, broker, cache, search, storage.bucketsTask],
        checked: checkedRelease(instance, settings),
    });
    const after = { networkRules, startsAfter: [migrate] };
    const lms = new WebTier(instance, "lms", { pod: pods.web("lms", size.cpu), replicas: size.lms, ...after });
    const cms = new WebTier(instance, "cms", {
        pod: pods.web("cms", size.cpu, [lms.service.bind()]),
        replicas: size.cms,
        ...after,
    });
    const mfe = new WebTier(instance, "mfe", {
        pod: pods.mfe([lms.service.bind()]),
        replicas: size.mfe,
        networkRules: instance.egress(
            Object.values(settings.mfe.apps).flatMap(({ upstream }) => wayTo("mfe", upstream)),
        ),
        // They are of the same release.
        startsAfter: [migrate],
    });
    const workers = workersOf(settings, size).map(
        (duties) =>
            new Worker(instance, duties.name, {
                pod: pods.worker(duties, size.cpu),
                replicas: duties.replicas,
                ...after,
            }),
    );
    // Nothing waits for it, and it does nothing unless the index is incomplete: that of a new search engine is empty.
    new Task(instance, "reindex", {
        pod: pods.reindex({ REINDEX: "missing", ENGINE: search.engine }),
        timeoutSeconds: 14_400,
        ...after,
    });
    schedule(instance, settings, pods, migrate);

    backUp(instance, {
        config: settings.backup,
        database,
        documents,
        buckets: { storage, image: images.openedx, user },
        writers: [lms, cms, ...workers, cache],
    });
    publish(instance, [
        // Learners' files for assessments go through the LMS. Micro-frontends show units of courses in frames. Django forbids it for all other pages.
        { host, routes: [{ to: lms.service, maxBody: "100Mi" }], rewrites: favicon, embeddable: true },
        { host: studioHost, routes: [{ to: cms.service, maxBody: "250Mi" }], rewrites: favicon, embeddable: true },
        { host: mfeHost, routes: [{ to: mfe.service, maxBody: "2Mi" }] },
        ...search.sites(),
        ...storage.sites(),
    ]);

    return {
        urls: {
            site: `${publicUrl(instance, host)}/`,
            studio: `${publicUrl(instance, studioHost)}/`,
            admin: `${publicUrl(instance, host)}/admin/`,
        },
    };
}

/** That of the theme. */
const favicon = { "/favicon.ico": "/theming/asset/images/favicon.ico" };

function mailOf(instance: OpenedxInstance, { mail, relay, host }: OpenedxConfig): UsedMail {
    if (mail) return { ...mail, ...outgoingMail(instance, mail) };
    const { service } = new MailRelay(instance, "mail", { config: relay, helo: host });
    return {
        host: service.host,
        port: Object.values(service.ports)[0]!,
        encryption: "off",
        relay: service,
        networkRules: [],
    };
}

/** Work on a schedule, which nothing else in Open edX starts. */
function schedule(instance: OpenedxInstance, { tasks }: OpenedxConfig, pods: Pods, migrate: Task): void {
    const all = {
        "expired-tokens": [tasks.expiredTokens, pods.manage("expired-tokens", ["edx_clear_expired_tokens"])],
        "expired-notifications": [
            tasks.expiredNotifications,
            pods.manage("expired-notifications", ["delete_expired_notifications"]),
        ],
        "reindex-courses": [tasks.reindexCourses, pods.reindex({ REINDEX: "courses" })],
        "saml-metadata": [tasks.samlMetadata, pods.manage("saml-metadata", ["saml", "--pull"])],
        "daily-digest": [tasks.dailyDigest, pods.manage("daily-digest", ["send_email_digest", "Daily"])],
        "weekly-digest": [tasks.weeklyDigest, pods.manage("weekly-digest", ["send_email_digest", "Weekly"])],
    } as const;
    for (const [name, [{ enabled, schedule: time }, pod]] of Object.entries(all))
        if (enabled)
            new ScheduledTask(instance, name, {
                pod,
                schedule: time,
                ...(tasks.timeZone === undefined ? {} : { timeZone: tasks.timeZone }),
                networkRules: pods.networkRules,
                startsAfter: [migrate],
            });
}
