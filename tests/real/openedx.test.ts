import { existsSync } from "node:fs";
import { expect } from "chai";
import { find, type Sent } from "../support/declare";
import { LocalPod } from "../support/localPod";
import { declareOpenedx, hosts, imageEnv } from "../support/openedx";
import { OpenedxServers } from "../support/openedxServers";
import { PodNetwork } from "../support/podNetwork";
import { scratch } from "../support/tools";

// The LMS and Studio themselves, in the pods that the stack renders, with their servers on this machine:
//
//   OPENEDX_SOURCE=/path/to/openedx OPENEDX_MONGODB=/path/to/program OPENEDX_MEILISEARCH=/path/to/meilisearch \
//       npx mocha tests/real/openedx.test.ts
//
// The first is a folder like the image's /openedx, with edx-platform, venv and staticfiles. OPENEDX_DUMP is a file for
// the migrated database, which saves minutes from the second time on.

const { OPENEDX_SOURCE: source, OPENEDX_DUMP: dump } = process.env;
const programs = { documents: process.env["OPENEDX_MONGODB"], search: process.env["OPENEDX_MEILISEARCH"] };

describe("Open edX for real", function () {
    this.timeout(1_800_000);
    const machine = scratch();
    const stops: (() => unknown)[] = [];
    let objects: readonly Sent[];
    let servers: OpenedxServers;

    let count = 0;
    /** A new pod, at the place of its tier. */
    function pod(kind: string, name: string): LocalPod {
        const made = new LocalPod(find(objects, kind, name), objects, machine.path, `${name}-${++count}`, {
            connection: servers.place(name),
            image: { "/openedx": source! },
            env: imageEnv,
        });
        for (const [host, address] of servers.names) made.resolve(host, address);
        return made;
    }

    before(async function () {
        LocalPod.check(this);
        if (!source || !programs.documents || !programs.search) {
            console.log("      skipped: OPENEDX_SOURCE, OPENEDX_MONGODB and OPENEDX_MEILISEARCH do not say where they are");
            this.skip();
        }
        objects = await declareOpenedx();
        const network = new PodNetwork();
        stops.push(() => network.stop());
        servers = await OpenedxServers.start(this, machine.path, objects, network, {
            documents: programs.documents,
            search: programs.search,
        });
        stops.push(() => servers.stop());
        for (const name of ["lms", "cms", "mail"]) servers.place(name);
    });
    after(async () => {
        for (const stop of stops.reverse()) await stop();
        machine.clean();
    });

    it("migrates and sets up, and changes nothing when repeated", async () => {
        const loaded = dump !== undefined && servers.load(dump);
        const migrate = pod("Job", "migrate");
        for (const name of migrate.containers) {
            const begin = Date.now();
            const output = await migrate.complete(name);
            console.log(`      ${name}: ${((Date.now() - begin) / 1000).toFixed(0)} s`, process.env["VERBOSE"] ? output : "");
        }
        if (dump && !loaded) servers.dump(dump);
        expect(Number(servers.sql("SELECT count(*) FROM django_migrations"))).to.be.above(1000);
    });
});
