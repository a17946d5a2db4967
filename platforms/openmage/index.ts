import { backUp } from "../../components/backup";
import { Cache } from "../../components/cache";
import { sharedClaim } from "../../components/claim";
import { Database } from "../../components/database";
import { FrontendCache } from "../../components/frontendCache";
import type { Service } from "../../components/graph";
import type { HasNode } from "../../components/instance";
import { publish, type Route, type Site } from "../../components/loadBalancer";
import { PhpMyAdmin } from "../../components/phpMyAdmin";
import { ScheduledTask } from "../../components/scheduledTask";
import { Task } from "../../components/task";
import { upgradeTask } from "../../components/upgrade";
import { WebTier } from "../../components/webTier";
import { type Declared, definePlatform } from "../platform";
import { check } from "./check";
import { config, type OpenMageConfig, type OpenMageInstance, sizes } from "./config";
import { pageSeconds } from "./files";
import { operationsWith } from "./operations";
import { ports, users } from "./paths";
import { Pods } from "./pods";
import { administration, closed, isBeside, personal, unrouted } from "./rules";
import { images } from "./images";

/**
 * OpenMage 20: clients → load balancer → frontend and admin → database, cache and sessions; all PHP shares the media.
 *
 * The installation depends on its servers, the upgrade on the installation, and everything that uses the shop on the
 * upgrade.
 */
export const openmage = definePlatform({
    ...config,
    declare,
    closed,
    operations: operationsWith(config.secrets.adminPassword),
});

function declare(instance: OpenMageInstance, settings: OpenMageConfig): Declared {
    const size = sizes[settings.size];
    check(instance, settings);
    const database = new Database(instance, "database", {
        config: settings.database,
        database: "openmage",
        user: "openmage",
        resources: { cpu: size.database.cpu, memory: size.database.memory },
        size: size.database.volume,
    });
    const cache = new Cache(instance, "cache", { config: settings.cache, resources: size.cache });
    const sessions = new Cache(instance, "sessions", {
        config: settings.sessions,
        resources: { cpu: size.sessions.cpu, memory: size.sessions.memory },
        size: size.sessions.volume,
    });
    const media = sharedClaim(instance, instance.owner, "media", { size: size.media });
    const pods = new Pods(instance, settings, {
        database: database.service,
        readDatabase: database.readService,
        cache: cache.service,
        sessions: sessions.service,
        media,
    });

    const install = new Task(instance, "install", { pod: pods.install(), startsAfter: [database, cache, sessions] });
    const upgrade = upgradeTask(instance, "upgrade", {
        pod: pods.upgrade(),
        startsAfter: [install],
    });
    const frontend = frontendOf(instance, settings, pods, upgrade);
    const varnish = frontendCacheOf(instance, settings, frontend);
    const admin = new WebTier(instance, "admin", {
        pod: pods.admin(),
        ports: { http: ports.http },
        replicas: 1,
        networkRules: pods.needs("admin"),
        startsAfter: [upgrade],
    });
    const cron = new ScheduledTask(instance, "cron", {
        pod: pods.cron(),
        schedule: "* * * * *",
        // No retries, because the next run follows within a minute.
        retries: 0,
        // Some nightly jobs take hours in a large shop; no other run starts in the meantime.
        timeoutSeconds: 4 * 3600,
        networkRules: pods.outside,
        startsAfter: [upgrade],
    });
    const phpMyAdmin = settings.phpMyAdmin
        ? new PhpMyAdmin(instance, "phpmyadmin", { config: settings.phpMyAdmin, database: database.service })
        : undefined;
    backUp(instance, {
        config: settings.backup,
        database,
        files: { volume: media, image: images["openmage-php"], user: users.php },
        writers: [...frontend.tiers, varnish, admin, cron, cache, phpMyAdmin].filter((one) => one !== undefined),
    });

    publish(instance, [
        ...sitesOf(settings, { shop: (varnish ?? frontend).service, admin: admin.service }),
        ...(phpMyAdmin?.site ? [phpMyAdmin.site] : []),
    ]);

    return {
        urls: pods.urls,
        firstLogin: { user: settings.adminUser.name, password: pods.adminPassword },
    };
}

interface Frontend {
    readonly service: Service;
    readonly tiers: readonly HasNode[];
}

/** nginx and PHP in one pod, or as separate tiers. */
function frontendOf(instance: OpenMageInstance, settings: OpenMageConfig, pods: Pods, upgrade: Task): Frontend {
    const { frontend, nginx } = sizes[settings.size];
    if (settings.webPods === "shared") {
        const web = new WebTier(instance, "frontend", {
            pod: pods.frontend(),
            ports: { http: ports.http },
            replicas: frontend,
            networkRules: pods.needs("frontend"),
            startsAfter: [upgrade],
        });
        return { service: web.service, tiers: [web] };
    }
    const php = new WebTier(instance, "frontend-php", {
        pod: pods.frontendPhp(),
        replicas: frontend,
        networkRules: pods.outside,
        startsAfter: [upgrade],
    });
    const web = new WebTier(instance, "frontend", {
        pod: pods.frontendNginx(php.service),
        ports: { http: ports.http },
        replicas: nginx,
        startsAfter: [upgrade],
    });
    return { service: web.service, tiers: [web, php] };
}

function frontendCacheOf(
    instance: OpenMageInstance,
    { size, frontendCache }: OpenMageConfig,
    frontend: Frontend,
): FrontendCache | undefined {
    if (frontendCache.type === "none") return undefined;
    const { cpu, replicas } = sizes[size].varnish;
    return new FrontendCache(instance, "varnish", {
        config: frontendCache,
        backend: frontend.service,
        // Pages are only cached if they allow it, and these never.
        pass: personal,
        contents: images["openmage-nginx"],
        resources: { cpu },
        replicas,
        // By then, nginx has reported a timeout of PHP.
        timeoutSeconds: pageSeconds.frontend + 5,
        startsAfter: frontend.tiers,
    });
}

function sitesOf(settings: OpenMageConfig, to: { readonly shop: Service; readonly admin: Service }): Site[] {
    const { host, stores, adminHost, adminPath, adminAllow } = settings;
    const shop: Route = { to: to.shop };
    const admin: Route = { to: to.admin, allow: adminAllow };
    const path = administration(adminPath);
    const hidden = unrouted(settings);
    const alone = { routes: [shop], closed: [path, ...hidden] };
    return [
        { host, ...(isBeside(settings) ? { routes: [{ path, ...admin }, shop], closed: hidden } : alone) },
        ...stores.map((store) => ({ host: store.host, ...alone })),
        ...(adminHost ? [{ host: adminHost, routes: [admin] }] : []),
    ];
}
