import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Context } from "mocha";
import { MariaDb } from "./mariaDb";
import { nobody } from "./files";
import { freePort, program } from "./tools";

/** Of PHP, for the installers and Tasks of the shops. */
export const shopExtensions = ["mysqli", "pdo_mysql", "redis", "simplexml", "curl"];

/** The requirements of a shop's Tasks: PHP, and a database `opencart` with a user of that name and password. */
export class ShopTasks {
    private constructor(
        readonly php: string,
        private readonly folder: string,
        private readonly port: number,
        readonly database: MariaDb,
    ) {}

    /** @param folder where `scripts` are, and the server's files go */
    static async start(test: Context, folder: string): Promise<ShopTasks> {
        const php = program(test, "php", { extensions: shopExtensions });
        const port = await freePort();
        const database = new MariaDb({
            server: program(test, "mariadbd", { by: nobody }),
            installer: program(test, "mariadb-install-db", { by: nobody }),
            client: program(test, "mariadb"),
            folder: join(folder, "mariadb"),
            port,
        });
        await database.ready();
        return new ShopTasks(php, folder, port, database);
    }

    /** Runs a script; returns its exit code and output. */
    run(script: string, env: Readonly<Record<string, string>>): Promise<{ code: number | null; output: string }> {
        const child = spawn(this.php, [join(this.folder, "scripts", script)], {
            env: {
                PATH: process.env["PATH"],
                DB_HOSTNAME: "127.0.0.1",
                DB_PORT: String(this.port),
                DB_DATABASE: "opencart",
                DB_USERNAME: "opencart",
                DB_PASSWORD: "opencart",
                ...env,
            },
        });
        let output = "";
        for (const stream of [child.stdout, child.stderr])
            stream.on("data", (data: Buffer) => (output += data.toString()));
        return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
    }
}
