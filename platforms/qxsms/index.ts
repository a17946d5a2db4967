import { backUp } from "../../components/backup";
import { Broker } from "../../components/broker";
import { Database } from "../../components/database";
import { publish } from "../../components/loadBalancer";
import { Task } from "../../components/task";
import { upgradeTask } from "../../components/upgrade";
import { WebTier } from "../../components/webTier";
import { Worker } from "../../components/worker";
import { type Declared, definePlatform } from "../platform";
import { publicUrl } from "../publicUrl";
import { config, type QxsmsConfig, type QxsmsInstance, sizes } from "./config";
import { operations } from "./operations";
import { Pods } from "./pods";

/** Celery 5.2 declares such queues and sets such limits; RabbitMQ 4.3 denies both unless they are permitted. */
const celeryNeeds = ["transient_nonexcl_queues", "global_qos"];

/**
 * QxSMS (WPSS): clients → load balancer → web → database, and through the broker → worker → database; web and worker
 * connect to Qualtrics and the mail server.
 *
 * The migrations depend on the database, and everything that uses QxSMS on the migrations.
 */
export const qxsms = definePlatform({ ...config, declare, operations });

function declare(instance: QxsmsInstance, settings: QxsmsConfig): Declared {
    const size = sizes[settings.size];
    const database = new Database(instance, "database", {
        config: settings.database,
        database: "qxsms",
        user: "qxsms",
        resources: { cpu: size.database.cpu, memory: size.database.memory },
        size: size.database.volume,
    });
    const broker = new Broker(instance, "broker", {
        config: settings.broker,
        user: "qxsms",
        permits: celeryNeeds,
        resources: { cpu: size.broker.cpu, memory: size.broker.memory },
        size: size.broker.volume,
        anyName: true,
    });
    const pods = new Pods(instance, settings, { database: database.service, broker: broker.service });

    const migrate = upgradeTask(instance, "migrate", {
        pod: pods.migrate(),
        startsAfter: [database],
    });
    const web = new WebTier(instance, "web", {
        pod: pods.web(size.cpu),
        replicas: size.web,
        networkRules: pods.outside,
        startsAfter: [migrate, broker],
    });
    const worker = new Worker(instance, "worker", {
        pod: pods.worker(size.cpu),
        replicas: size.worker,
        networkRules: pods.outside,
        startsAfter: [migrate, broker],
    });
    const { administrator, host } = settings;
    // Nothing waits for it, because QxSMS also works without a mail server.
    if (administrator && administrator.account !== "none")
        new Task(instance, "administrator", {
            pod: pods.administrator(),
            networkRules: pods.smtp,
            startsAfter: [migrate],
        });

    backUp(instance, { config: settings.backup, database, writers: [web, worker] });

    publish(instance, [{ host, routes: [{ to: web.service }] }]);

    const url = publicUrl(instance, host);
    return {
        urls: { site: `${url}/`, admin: `${url}/admin/` },
        ...(administrator && pods.adminPassword
            ? { firstLogin: { user: administrator.email, password: pods.adminPassword } }
            : {}),
    };
}
