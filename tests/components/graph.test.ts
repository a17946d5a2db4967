import { expect } from "chai";
import { Graph, type Node, picture, Service } from "../../components/graph";

const node = (name: string, more: Partial<Node> = {}): Node => ({
    id: `ns/${name}`,
    namespace: "ns",
    instance: "shop",
    name,
    kind: "web tier",
    pods: true,
    uses: [],
    networkRules: [],
    startsAfter: [],
    ...more,
});
const graphOf = (...nodes: Node[]) => {
    const graph = new Graph();
    for (const one of nodes) graph.add(one);
    return graph;
};

describe("the graph", () => {
    it("orders by startsAfter and keeps the order of declaration otherwise", () => {
        const graph = graphOf(
            node("web", { startsAfter: ["ns/install"] }),
            node("database"),
            node("install", { startsAfter: ["ns/database"] }),
            node("mail"),
        );
        expect(graph.inOrder().map(({ name }) => name)).to.deep.equal(["database", "install", "web", "mail"]);
    });
    it("allows circles of uses", () => {
        const a = new Service("ns/a", "a", { http: 80 }, {});
        const b = new Service("ns/b", "b", { http: 80 }, {});
        const graph = graphOf(node("a", { uses: [b.bind()] }), node("b", { uses: [a.bind()] }));
        graph.checkEdges();
        expect(graph.inOrder()).to.have.length(2);
        expect(graph.users("ns/a").map(({ from }) => from.name)).to.deep.equal(["b"]);
    });
    it("refuses circles of startsAfter and names them", () => {
        const graph = graphOf(node("a", { startsAfter: ["ns/b"] }), node("b", { startsAfter: ["ns/a"] }));
        expect(() => graph.inOrder()).to.throw("components wait for each other: ns/a → ns/b → ns/a");
    });
    it("refuses edges and orders to unknown components", () => {
        const nothing = new Service("ns/nothing", "x", { http: 80 }, {});
        expect(() => graphOf(node("a", { uses: [nothing.bind()] })).checkEdges()).to.throw(
            "ns/a uses ns/nothing, which is not declared",
        );
        expect(() => graphOf(node("a", { startsAfter: ["ns/x"] })).inOrder()).to.throw(
            "ns/a starts after ns/x, which is not declared",
        );
    });
    it("gives a user the settings that it asks for, and lists the existing ones", () => {
        const database = new Service(
            "ns/db",
            "db.ns.svc",
            { sql: 3306 },
            { name: "shop", password: { secret: "db", key: "password" } },
        );
        expect(database.bind({ DB_HOST: "host", DB_PORT: "port", DB_PASSWORD: "password" }).env).to.deep.equal({
            DB_HOST: "db.ns.svc",
            DB_PORT: "3306",
            DB_PASSWORD: { secret: "db", key: "password" },
        });
        // @ts-expect-error -- the compiler knows the settings; untyped code gets an error at run time
        expect(() => database.bind({ X: "user" })).to.throw(
            'ns/db has no setting "user"; available: host, port, name, password',
        );
    });
    it("is drawn with uses as lines, order as dots and data in drums", () => {
        const database = new Service("ns/database", "db", { sql: 3306 }, {});
        const text = picture(
            graphOf(
                node("database", { kind: "database" }),
                node("web", { uses: [database.bind()], startsAfter: ["ns/database"] }),
            ),
            ["ns"],
        );
        expect(text).to.include('ns_database[("database<br/><small>database</small>")]');
        expect(text).to.include("ns_web --> ns_database").and.to.include("ns_database -.-> ns_web");
    });
});
