import { itSaysWhatIsWrong, type Mistakes, problemsOf, shop, stackOf } from "../support/badInput";

describe("values that two instances must not share", () => {
    const cases: Mistakes = {
        "two instances with one host": {
            of: () => problemsOf(stackOf({ a: shop(), b: shop() })),
            says: ['plinth:instances.b.host: "shop.example.org" is already the host of plinth:instances.a'],
        },
        "two instances with one namespace": {
            of: () =>
                problemsOf(
                    stackOf({ a: shop({ namespace: "x" }), b: shop({ namespace: "x", host: "b.example.org" }) }),
                ),
            says: ['plinth:instances.b.namespace: "x" is already the namespace of plinth:instances.a'],
        },
        "two instances on one external database": {
            of: () => {
                const database = { topology: "external", host: "db.example.org" };
                const secret = { databasePassword: "placeholder" };
                return problemsOf(
                    stackOf(
                        {
                            one: shop({ database }),
                            two: shop({ host: "two.example.org", database }),
                            three: shop({ host: "three.example.org", database: { ...database, name: "three" } }),
                            // The port that it has anyway.
                            four: shop({ host: "four.example.org", database: { ...database, port: 3306 } }),
                        },
                        { "plinth:secrets": { one: secret, two: secret, three: secret, four: secret } },
                    ),
                );
            },
            says: [
                "plinth:instances.two.database.name: is that of plinth:instances.one on the same server; every instance needs its own database",
                "plinth:instances.four.database.name: is that of plinth:instances.one on the same server; every instance needs its own database",
            ],
        },
        "two instances on one virtual host of an external broker": {
            of: () => {
                const qxsms = (name: string, vhost?: string) => ({
                    platform: "qxsms",
                    host: `${name}.example.org`,
                    tls: { mode: "internal" },
                    debug: true,
                    broker: { topology: "external", host: "rabbit.example.org", ...(vhost ? { vhost } : {}) },
                });
                const secret = { brokerPassword: "placeholder" };
                return problemsOf(
                    stackOf(
                        { one: qxsms("one"), two: qxsms("two", "/"), three: qxsms("three", "three") },
                        { "plinth:secrets": { one: secret, two: secret, three: secret } },
                    ),
                );
            },
            says: [
                "plinth:instances.two.broker.vhost: is that of plinth:instances.one on the same server; every instance needs its own virtual host",
            ],
        },
        "two instances on one node port": {
            of: () => {
                const edge = { type: "NodePort", httpPort: 30080 };
                return problemsOf(stackOf({ a: shop({ edge }), b: shop({ edge, host: "b.example.org" }) }));
            },
            says: ["plinth:instances.b.edge.httpPort: 30080 is already the node port of plinth:instances.a"],
        },
        "one object of two instances": {
            of: () => {
                const role = (name: string) => ({
                    apiVersion: "rbac.authorization.k8s.io/v1",
                    kind: "Role",
                    metadata: { name, namespace: "common" },
                });
                const extra = (host: string, name: string) => shop({ host, extraObjects: [role(name)] });
                return problemsOf(
                    stackOf({
                        a: extra("a.example.org", "x"),
                        b: extra("b.example.org", "x"),
                        c: extra("c.example.org", "y"),
                    }),
                );
            },
            says: ["plinth:instances.b: the object role/common/x is also declared by plinth:instances.a"],
        },
        "objects that the engine could not tell apart": {
            of: () => {
                const map = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
                const extra = (host: string, name: string) => shop({ host, extraObjects: [map(name)] });
                return problemsOf(stackOf({ a: extra("a.example.org", "b-c"), "a-b": extra("b.example.org", "c") }));
            },
            says: [
                "plinth:instances.a-b: the engine could not distinguish configmap/opencart-a-b/c from an object of plinth:instances.a",
            ],
        },
        "two instances with their sessions on one external server": {
            of: () => {
                const openmage = (name: string, keys: object = {}) => ({
                    platform: "openmage",
                    host: `${name}.example.org`,
                    sharedFiles: "oneNode",
                    sessions: { topology: "external", host: "redis.example.org", ...keys },
                });
                const secret = { sessionsPassword: "placeholder" };
                return problemsOf(
                    stackOf(
                        { one: openmage("one"), two: openmage("two"), three: openmage("three", { port: 6380 }) },
                        { "plinth:secrets": { one: secret, two: secret, three: secret } },
                    ),
                );
            },
            says: [
                "plinth:instances.two.sessions.host: is that of plinth:instances.one on the same server; every instance needs its own server for sessions",
            ],
        },
    };
    itSaysWhatIsWrong(cases);
});
