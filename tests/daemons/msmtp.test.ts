import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import { find } from "../support/declare";
import { nobody, write } from "../support/files";
import { declareOpenMage } from "../support/openmage";
import { MailServer } from "../support/qxsms";
import { freePort, program, scratch } from "../support/tools";

const send = "var_dump(mail('customer@example.org', 'Order 1', 'Thank you'));";

describe("OpenMage's mail", function () {
    this.timeout(20_000);
    for (const username of [undefined, "shop"]) {
        it(`is sent from PHP to the configured server, ${username ? "with" : "without"} a login`, async function () {
            const php = program(this, "php", { by: nobody });
            const msmtp = program(this, "msmtp", { by: nobody });
            const server = new MailServer(await freePort());
            const folder = scratch();
            try {
                const mail = { host: "127.0.0.1", port: server.port, encryption: "off", from: "bounces@example.org" };
                const objects = await declareOpenMage({
                    instance: { mail: { ...mail, ...(username ? { username } : {}) } },
                    values: { secrets: { shop: { smtpPassword: "hush 'hush" } } },
                });
                const files = find(objects, "ConfigMap", "frontend-php-files")["data"] as Record<string, string>;
                // As a ConfigMap mounts it: root's, and for all to read.
                const path = `${write(folder.path, { msmtprc: files["msmtprc"]! })}/msmtprc`;
                const [, command] = /^sendmail_path = '(.*)'$/m.exec(files["openmage.ini"]!)!;
                const sendmail = command!.replace("/usr/bin/msmtp", msmtp).replace("/etc/openmage/msmtprc", path);
                const { stdout } = await promisify(execFile)(php, ["-d", `sendmail_path=${sendmail}`, "-r", send], {
                    env: { PATH: process.env["PATH"], ...(username ? { SMTP_PASSWORD: "hush 'hush" } : {}) },
                    ...nobody,
                });
                expect(stdout.trim()).to.equal("bool(true)");
                expect(server.mails).to.have.length(1);
                expect(server.mails[0]).to.contain("Subject: Order 1").and.contain("Thank you");
                expect(server.logins).to.deep.equal(username ? ["\0shop\0hush 'hush"] : []);
            } finally {
                server.stop();
                folder.clean();
            }
        });
    }
});
