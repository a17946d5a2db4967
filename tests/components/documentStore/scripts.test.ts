import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { expect } from "chai";

const folder = join(__dirname, "..", "..", "..", "components", "documentStore", "scripts");

interface Settings {
    readonly pwd: string;
    readonly roles: readonly unknown[];
}

/** A server as the scripts see it through mongosh's globals. */
interface Server {
    compatibility: string;
    databases: string[];
    /** By database and name. */
    users: Record<string, Settings>;
    /** `system.replset`, or what the running set answers. */
    config?: { _id: string; members: { _id: number; host: string }[] };
    /** Whether passwords are asked for. */
    auth?: boolean;
    isPrimary?: boolean;
    /** Changes in order. */
    done: string[];
}

class Quit extends Error {
    constructor(readonly code: number) {
        super(`quit ${code}`);
    }
}

const env = {
    SERIES: "mongo 7.0",
    UPGRADE_FROM: "",
    ADOPTED: "",
    KEY: "plinth:instances.campus.volumes.documents",
    REPLICA_SET: "rs0",
    MEMBER: "documents-0.documents.campus.svc.cluster.local:27017",
    AUTH_SOURCE: "admin",
    APP_DATABASE: "campus",
    APP_USER: "campus",
    APP_PASSWORD: "app'\"$1",
    ROOT_PASSWORD: "root-1",
    MAINTENANCE: "kept-with-the-data",
    METRICS_USER: "",
    METRICS_PASSWORD: "",
};

const fresh = (more: Partial<Server> = {}): Server => ({
    compatibility: "7.0",
    databases: ["admin", "config", "local"],
    users: {},
    done: [],
    ...more,
});

/** Runs a script as mongosh does, after the one that all have in common; returns its exit code and what it said. */
function run(script: "prepare.js" | "start.js", server: Server, changes: Partial<typeof env> = {}) {
    let loggedIn = server.auth !== true;
    const said: string[] = [];
    const permitted = () => {
        if (!loggedIn) throw Object.assign(new Error("requires authentication"), { codeName: "Unauthorized" });
    };
    const database = (name: string) => ({
        getUser: (user: string) => (permitted(), server.users[`${name}.${user}`] ?? null),
        createUser: ({ user, ...settings }: Settings & { user: string }) => {
            permitted();
            if (server.users[`${name}.${user}`]) throw new Error("already exists");
            server.users[`${name}.${user}`] = settings;
            server.done.push(`create ${name}.${user}`);
        },
        updateUser: (user: string, settings: Settings) => {
            permitted();
            if (!server.users[`${name}.${user}`]) throw new Error("not found");
            server.users[`${name}.${user}`] = settings;
            server.done.push(`update ${name}.${user}`);
        },
        auth: (user: string, password: string) => {
            if (server.users[`${name}.${user}`]?.pwd !== password) throw new Error("Authentication failed.");
            loggedIn = true;
            server.done.push(`log in ${user}`);
        },
        getCollection: (collection: string) => ({
            findOne: () => (name === "local" && collection === "system.replset" ? (server.config ?? null) : null),
        }),
    });
    const adminCommand = (command: Record<string, unknown>) => {
        permitted();
        if ("getParameter" in command) return { featureCompatibilityVersion: { version: server.compatibility } };
        if ("listDatabases" in command) return { databases: server.databases.map((name) => ({ name })) };
        if ("setFeatureCompatibilityVersion" in command) {
            server.compatibility = command["setFeatureCompatibilityVersion"] as string;
            server.done.push(`raise to ${server.compatibility}, ${command["confirm"] ? "confirmed" : "unconfirmed"}`);
            return { ok: 1 };
        }
        throw new Error(`unknown command ${JSON.stringify(command)}`);
    };
    const rs = {
        conf: () => {
            permitted();
            if (!server.config) throw Object.assign(new Error("no config"), { codeName: "NotYetInitialized" });
            return server.config;
        },
        initiate: (config: NonNullable<Server["config"]>) => {
            permitted();
            server.config = config;
            server.isPrimary = true;
            server.done.push(`initiate ${config._id} ${config.members[0]!.host}`);
        },
        reconfig: (config: NonNullable<Server["config"]>, { force }: { force: boolean }) => {
            server.config = config;
            server.isPrimary = force;
            server.done.push(`reconfigure ${config.members[0]!.host}`);
        },
    };
    const globals = {
        db: { getSiblingDB: database, adminCommand, hello: () => ({ isWritablePrimary: server.isPrimary ?? false }) },
        rs,
        process: { env: { ...env, ...changes } },
        print: (text: string) => void said.push(text),
        quit: (code: number) => {
            throw new Quit(code);
        },
    };
    const code = ["accounts.js", script].map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
    try {
        runInNewContext(code, globals);
        return { code: 0, said: said.join("\n") };
    } catch (error) {
        if (!(error instanceof Quit)) throw error;
        return { code: error.code, said: said.join("\n") };
    }
}

const reader = [
    { role: "readWrite", db: "campus" },
    { role: "dbAdmin", db: "campus" },
];

describe("The document store's scripts for mongosh", () => {
    it("make the accounts in new data, and initiate the replica set once", () => {
        const server = fresh();
        expect(run("prepare.js", server)).to.include({ code: 0 });
        expect(server.users["admin.campus"]).to.deep.equal({ pwd: env.APP_PASSWORD, roles: reader });
        expect(server.users["admin.root"]).to.deep.equal({ pwd: "root-1", roles: ["root"] });
        expect(server.users["admin.plinth"]).to.deep.include({
            pwd: env.MAINTENANCE,
            authenticationRestrictions: [{ clientSource: ["127.0.0.1", "::1"] }],
        });
        Object.assign(server, { auth: true, done: [] });
        expect(run("start.js", server)).to.include({ code: 0 });
        expect(server.done.slice(0, 2)).to.deep.equal(["log in plinth", `initiate rs0 ${env.MEMBER}`]);
        server.done = [];
        expect(run("start.js", server)).to.include({ code: 0 });
        expect(server.done.filter((one) => /initiate|reconfigure|create/.test(one))).to.deep.equal([]);
    });

    it("may be broken off and run again", () => {
        const server = fresh({ users: { "admin.plinth": { pwd: "of the first try", roles: [] } } });
        expect(run("prepare.js", server)).to.include({ code: 0 });
        expect(server.users["admin.plinth"]!.pwd).to.equal(env.MAINTENANCE);
        expect(Object.keys(server.users)).to.have.length(3);
    });

    it("adopt data that never had users, if they have the database that is meant", () => {
        const old = () => fresh({ databases: ["admin", "config", "local", "edxapp"] });
        const refused = run("prepare.js", old(), { ADOPTED: "yes" });
        expect(refused.code).to.equal(78);
        expect(refused.said).to.contain('have no database "campus": set the name to one of: edxapp');
        const server = old();
        expect(run("prepare.js", server, { ADOPTED: "yes", APP_DATABASE: "edxapp" }).code).to.equal(0);
        expect(server.users["admin.campus"]!.roles).to.deep.include({ role: "readWrite", db: "edxapp" });
    });

    it("refuse data of another version, and those of a replica set, before anything is written", () => {
        const another = fresh({ compatibility: "6.0" });
        expect(run("prepare.js", another)).to.have.property("code", 78);
        expect(run("prepare.js", another).said).to.contain("set images.mongo to a tag of mongo 6.0");
        const member = fresh({ config: { _id: "theirs", members: [] } });
        expect(run("prepare.js", member).said).to.contain('the replica set "theirs": dump them');
        expect([...another.done, ...member.done]).to.deep.equal([]);
    });

    it("change passwords of a running replica set with the account in the data", () => {
        const server = fresh();
        run("prepare.js", server);
        Object.assign(server, { auth: true });
        run("start.js", server);
        server.done = [];
        expect(run("start.js", server, { APP_PASSWORD: "app-2", ROOT_PASSWORD: "root-2" }).code).to.equal(0);
        expect(server.done[0]).to.equal("log in plinth");
        expect(server.users["admin.campus"]!.pwd).to.equal("app-2");
        expect(server.users["admin.root"]!.pwd).to.equal("root-2");
        // Somebody has removed it.
        delete server.users["admin.plinth"];
        server.done = [];
        expect(run("start.js", server, { ROOT_PASSWORD: "root-2" }).code).to.equal(0);
        expect(server.done.slice(0, 2)).to.deep.equal(["log in root", "create admin.plinth"]);
    });

    it("give the exporter an account of its own only if there is one", () => {
        const server = fresh();
        run("prepare.js", server, { METRICS_USER: "plinth-metrics", METRICS_PASSWORD: "exporters" });
        expect(server.users["admin.plinth-metrics"]!.roles).to.deep.equal([
            "clusterMonitor",
            { role: "read", db: "local" },
        ]);
        const without = fresh();
        run("prepare.js", without);
        expect(Object.keys(without.users)).to.have.length(3);
    });

    it("wait for the server to take writes, and leave a set of others alone", () => {
        const two = [0, 1].map((_id) => ({ _id, host: `documents-${_id}.elsewhere:27017` }));
        const server = fresh({
            users: { "admin.plinth": { pwd: env.MAINTENANCE, roles: ["root"] } },
            auth: true,
            config: { _id: "rs0", members: two },
        });
        expect(run("start.js", server)).to.deep.equal({ code: 1, said: "is not the primary yet" });
        expect(server.done).to.deep.equal(["log in plinth"]);
    });

    it("give the only member its new name when the volume has moved", () => {
        const server = fresh({
            users: { "admin.plinth": { pwd: env.MAINTENANCE, roles: ["root"] } },
            auth: true,
            config: { _id: "rs0", members: [{ _id: 0, host: "documents-0.documents.old.svc.cluster.local:27017" }] },
        });
        expect(run("start.js", server).code).to.equal(0);
        expect(server.done[1]).to.equal(`reconfigure ${env.MEMBER}`);
    });

    it("raise the version of the data with consent only", () => {
        const server = () =>
            fresh({
                compatibility: "6.0",
                users: { "admin.plinth": { pwd: env.MAINTENANCE, roles: ["root"] } },
                auth: true,
                config: { _id: "rs0", members: [{ _id: 0, host: env.MEMBER }] },
                isPrimary: true,
            });
        const without = server();
        expect(run("start.js", without)).to.have.property("code", 78);
        expect(without.compatibility).to.equal("6.0");
        const agreed = server();
        expect(run("start.js", agreed, { UPGRADE_FROM: "mongo 6.0" }).code).to.equal(0);
        expect(agreed.done).to.include("raise to 7.0, confirmed");
        const older = server();
        older.compatibility = "5.0";
        run("start.js", older, { SERIES: "mongo 6.0", UPGRADE_FROM: "mongo 5.0" });
        expect(older.done).to.include("raise to 6.0, unconfirmed");
    });
});
