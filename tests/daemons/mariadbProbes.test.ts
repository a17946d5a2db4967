import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import { livenessCommand } from "../../components/database/mysql";
import { run } from "../support/datadir";
import { MariaDb } from "../support/mariaDb";
import { Session } from "../support/session";
import { freePort, program, scratch } from "../support/tools";

const rootPassword = "root's word";
const init = `CREATE DATABASE IF NOT EXISTS opencart;
CREATE USER IF NOT EXISTS opencart@'%' IDENTIFIED BY 'opencart';
GRANT ALL ON opencart.* TO opencart@'%';
ALTER USER root@localhost IDENTIFIED BY '${rootPassword.replace("'", "''")}';
`;

describe("MariaDB under the liveness probe", function () {
    this.timeout(120_000);
    const folder = scratch();
    let server: MariaDb;
    let port: number;

    const alive = () => {
        const command = livenessCommand.map((part) =>
            part.replace("/run/mysqld/mysqld.sock", `${folder.path}/socket`).replace("timeout=10", "timeout=2"),
        );
        return run(command, { env: { MARIADB_ROOT_PASSWORD: rootPassword } }).status === 0;
    };

    before(async function () {
        port = await freePort();
        server = new MariaDb({
            server: program(this, "mariadbd"),
            installer: program(this, "mariadb-install-db"),
            client: program(this, "mariadb"),
            folder: folder.path,
            port,
            conf: "[mariadbd]\nmax_connections = 10\n",
            init: { sql: init, rootPassword },
        });
        await server.ready();
    });
    after(async () => {
        await server?.stop();
        folder.clean();
    });

    it("is alive without a line in its log, which a connection over TCP leaves there", async () => {
        const before = server.output;
        expect(alive()).to.equal(true);
        expect(server.output).to.equal(before);
        const socket = connect(port, "127.0.0.1");
        await once(socket, "data");
        socket.destroy();
        await server.until(() => expect(server.output).to.contain("without authentication"));
    });

    it("is alive while all its connections are in use", async () => {
        const client = [
            "mariadb",
            "--no-defaults",
            "--skip-ssl",
            "--host=127.0.0.1",
            `--port=${port}`,
            "--user=opencart",
        ] as const;
        const env = { MYSQL_PWD: "opencart" };
        const clients: Session[] = [];
        try {
            for (let count = 0; count < 10; count++) {
                const one = new Session([...client, "--unbuffered"], env);
                clients.push(one);
                expect(await one.say("SELECT 6 * 7;", /42/)).to.contain("42");
            }
            expect(run([...client, "--execute=SELECT 1"], { env }).stderr).to.contain("1040");
            expect(alive()).to.equal(true);
        } finally {
            for (const one of clients) one.end();
        }
    });

    it("is not alive while it hangs", () => {
        server.signal("SIGSTOP");
        try {
            expect(alive()).to.equal(false);
        } finally {
            server.signal("SIGCONT");
        }
    });
});
