import { backUp } from "../../components/backup";
import { Cache } from "../../components/cache";
import { sharedClaim } from "../../components/claim";
import { Database } from "../../components/database";
import { publish } from "../../components/loadBalancer";
import { ScheduledTask } from "../../components/scheduledTask";
import { Task } from "../../components/task";
import { upgradeTask } from "../../components/upgrade";
import { WebTier } from "../../components/webTier";
import { type Declared, definePlatform } from "../platform";
import { checkOneAdmin, checkUploadLimit } from "../shopChecks";
import { config, type OpenCartConfig, type OpenCartInstance, sizes } from "./config";
import { operationsWith } from "./operations";
import { ports, users } from "./paths";
import { Pods } from "./pods";
import { administration, closed, directories } from "./rules";
import { images } from "./images";

/**
 * OpenCart 4.1: clients → load balancer → frontend and admin → database and cache; frontend and admin share the files.
 *
 * The installation depends on the database, the upgrade on the installation, and everything that uses the shop on the
 * upgrade.
 */
export const opencart = definePlatform({
    ...config,
    declare,
    closed,
    operations: ({ adminPath }) => operationsWith(adminPath, config.secrets.adminPassword),
});

function declare(instance: OpenCartInstance, settings: OpenCartConfig): Declared {
    const size = sizes[settings.size];
    check(instance, settings);
    const database = new Database(instance, "database", {
        config: settings.database,
        database: "opencart",
        user: "opencart",
        resources: { cpu: size.database.cpu, memory: size.database.memory },
        size: size.database.volume,
    });
    const cache = new Cache(instance, "cache", { config: settings.cache, resources: size.cache });
    const files = sharedClaim(instance, instance.owner, "files", { size: size.files });
    const pods = new Pods(instance, settings, { database: database.service, cache: cache.service, files });

    const install = new Task(instance, "install", { pod: pods.install(), startsAfter: [database] });
    const upgrade = upgradeTask(instance, "upgrade", {
        pod: pods.upgrade(),
        startsAfter: [install, cache],
    });
    const frontend = new WebTier(instance, "frontend", {
        pod: pods.frontend(),
        ports: { http: ports.http },
        replicas: size.frontend,
        networkRules: pods.outside,
        startsAfter: [upgrade],
    });
    const admin = new WebTier(instance, "admin", {
        pod: pods.admin(),
        ports: { http: ports.http },
        replicas: 1,
        networkRules: pods.outside,
        startsAfter: [upgrade],
    });
    const cron = new ScheduledTask(instance, "cron", {
        pod: pods.cron(),
        schedule: "0 * * * *",
        networkRules: pods.outside,
        startsAfter: [upgrade],
    });
    backUp(instance, {
        config: settings.backup,
        database,
        files: { volume: files, image: images["opencart-php"], user: users.php },
        writers: [frontend, admin, cron, cache],
    });

    const { host, adminHost, adminPath, adminAllow } = settings;
    const shop = { to: frontend.service };
    const office = { to: admin.service, allow: adminAllow };
    const path = administration(adminPath);
    publish(
        instance,
        adminHost
            ? [
                  { host, routes: [shop], closed: [path, directories] },
                  { host: adminHost, routes: [office] },
              ]
            : [{ host, routes: [{ path, ...office }, shop], closed: [directories] }],
    );

    return {
        urls: { shop: `${pods.urls.shop}/`, admin: `${pods.urls.admin}/` },
        firstLogin: { user: settings.adminUser.name, password: pods.adminPassword },
    };
}

/** Reports invalid combinations of values that are valid individually. */
function check(instance: OpenCartInstance, settings: OpenCartConfig): void {
    const { host, adminHost, mail } = settings;
    if (adminHost === host)
        instance.problem(
            ["adminHost"],
            `"${adminHost}" is the host of the shop; remove it to have the administration below adminPath`,
        );
    if (mail && instance.secretValue("smtpPassword") === undefined)
        instance.problem(
            ["mail"],
            `is missing its password, without which OpenCart sends no mail; set it with: ${instance.howToSet("smtpPassword")}`,
            ["smtpPassword"],
        );
    checkUploadLimit(instance, settings);
    checkOneAdmin(instance);
}
