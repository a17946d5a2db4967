import type { Engine } from "../../config/database";
import { images } from "../../config/images";
import type { SecretRef } from "../graph";
import { myCnf, type MyCnf, word } from "../languages/myCnf";
import type { ContainerArgs } from "../podArgs";

/** Account of the exporter, with the least rights that its metrics need. */
export const metricsUser = "plinth-metrics";

export const metricsPorts: Readonly<Record<Engine, number>> = { mariadb: 9104, mysql: 9104, postgres: 9187 };

const exporterFile = "exporter.cnf";

/** Credentials file of the exporter for MariaDB and MySQL. */
export const exporterConfiguration = (password: string, port: number): MyCnf =>
    myCnf`[client]\nhost = 127.0.0.1\nport = ${port}\nuser = ${word(metricsUser)}\npassword = ${word(password)}\n`;

/** The container of each engine's exporter. */
export const exporter = {
    name: "exporter",
    resources: { cpu: "10m", memory: "32Mi" },
    user: 65534,
} as const;

/**
 * Exports a server's statistics as Prometheus metrics.
 *
 * @param password of {@link metricsUser}; for MariaDB and MySQL in the Secret that also has the exporter's file
 */
export const exporterContainer = (engine: Engine, password: SecretRef): ContainerArgs =>
    engine === "postgres"
        ? {
              ...exporter,
              image: images.postgresExporter,
              env: {
                  DATA_SOURCE_URI: "127.0.0.1:5432/postgres?sslmode=disable",
                  DATA_SOURCE_USER: metricsUser,
                  DATA_SOURCE_PASS: password,
              },
              ports: { metrics: metricsPorts.postgres },
          }
        : {
              ...exporter,
              image: images.mysqldExporter,
              args: [`--config.my-cnf=/etc/exporter/${exporterFile}`],
              ports: { metrics: metricsPorts[engine] },
              mounts: [{ path: "/etc/exporter", secret: password.secret }],
          };
