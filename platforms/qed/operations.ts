import { operation, type Operations } from "../operation";
import { accountOperations } from "../scripts/account";
import type { QedConfig } from "./config";
import { chosen, type ServiceName } from "./services";

const queries = ["active", "active_queues", "ping", "registered", "reserved", "scheduled", "stats"] as const;

/** Django's commands. */
const django: Operations = {
    manage: operation({
        summary: "Run a command of django-admin; without one, it lists its commands",
        component: "qed-django",
        arguments: [{ name: "command", description: "the command and its arguments, unchanged", variadic: true }],
        passThrough: true,
        interactive: true,
        command: ({ command }) => ["django-admin", ...command],
    }),
    shell: operation({
        summary: "Open Django's shell",
        component: "qed-django",
        interactive: true,
        command: () => ["django-admin", "shell"],
    }),
    ...accountOperations({
        component: "qed-django",
        field: "username",
        argument: { name: "name", description: "name of the account, with which one logs in" },
        password: { purpose: "Password of the account", min: 8 },
    }),
    collectstatic: operation({
        summary: "Collect Django's files for nginx again",
        component: "qed-django",
        command: () => ["django-admin", "collectstatic", "--noinput"],
    }),
};

/** Questions to the workers of one application. */
const inspect = (component: ServiceName, application: string, runs: readonly string[]) =>
    operation({
        summary: `Ask the workers of ${component} what they do`,
        component,
        arguments: [{ name: "query", description: "what is asked", choices: queries }],
        command: ({ query }) => [...runs, "celery", "-A", application, "inspect", "--timeout", "10", query],
    });

const runs = ({ manager, environment }: QedConfig["flask"]["runtime"]): string[] =>
    manager === "none" ? [] : [manager, "run", "-n", environment];

/** What users of the suite do by hand, for the services that the instance has. */
export function operations(settings: QedConfig): Operations {
    const { on } = chosen(settings.services);
    const { redis, mongodb, postgres } = settings;
    return {
        ...(on.has("qed-django") ? django : {}),
        ...(on.has("qed-celery") ? { inspect: inspect("qed-celery", "celery_cgi", runs(settings.flask.runtime)) } : {}),
        ...(on.has("cts-worker") ? { "inspect-cts": inspect("cts-worker", "tasks", runs(settings.cts.runtime)) } : {}),
        ...(on.has("redis") && redis.topology === "single"
            ? {
                  flush: operation({
                      summary: "Empty redis: its queues, results and channels",
                      component: "redis",
                      container: redis.engine,
                      command: () => [`${redis.engine}-cli`, "flushdb"],
                      confirm: "All tasks that wait, and all results, are lost.",
                  }),
              }
            : {}),
        ...(on.has("mongodb") && mongodb.topology === "single"
            ? {
                  mongosh: operation({
                      summary: "Open a client of MongoDB",
                      component: "mongodb",
                      container: "mongo",
                      interactive: true,
                      command: () => ["mongosh", "mongodb://127.0.0.1:27017/hms_workflows?directConnection=true"],
                  }),
              }
            : {}),
        ...(on.has("postgres") && postgres.topology === "single"
            ? {
                  psql: operation({
                      summary: "Open a client of PostGIS as the suite's user, or load a dump: … < pisces.sql",
                      component: "postgres",
                      container: "postgres",
                      interactive: true,
                      command: () => [
                          "sh",
                          "-c",
                          'PGPASSWORD="$APP_PASSWORD" exec psql --host=127.0.0.1 --username="$APP_USER" --dbname="$APP_DATABASE"',
                      ],
                  }),
              }
            : {}),
    };
}
