import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { withOrigins } from "../../cli/originText";
import { Session } from "../../operations/session";
import { configOrigins } from "../../operations/stackfile/stackConfig";
import { scratch } from "../support/tools";

describe("the configuration with its origins", () => {
    const folder = scratch();
    after(() => folder.clean());
    writeFileSync(
        join(folder.path, "Pulumi.yaml"),
        `name: plinth
runtime: nodejs
config:
    plinth:base:
        value: {http: {maxBody: 32Mi}, database: {topology: external, host: db.example.org}, labels: {a: b}}
`,
    );
    writeFileSync(
        join(folder.path, "Pulumi.traced.yaml"),
        `config:
    plinth:cluster: {context: x, sharedStorageClass: shared}
    plinth:defaults:
        platform: opencart
        size: medium
        php: {memoryLimit: 512Mi}
        labels: {a: null, c: d}
        http: {allow: [192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32]}
    plinth:instances:
        one: {host: one.example.org, database: {topology: single}, namespace: shops}
        two: {host: two.example.org, php: {memoryLimit: null}, size: large, database: {topology: single, engine: mysql}}
`,
    );
    const session = new Session("traced", { folder: folder.path });
    const config = session.config();
    const origins = configOrigins(session.file());
    const lines = (name: string) => {
        const instance = config.instances.find((one) => one.name === name)!;
        return withOrigins(instance, origins.instances[name]!, ["name"]).split("\n");
    };
    const line = (all: readonly string[], start: string) =>
        all.find((one) => one.startsWith(start))?.replace(/ +#/, " #");

    it("are shown next to each value: instance, defaults, base, the platform's for the size, the schema's", () => {
        const one = lines("one");
        expect(line(one, "platform:")).to.equal("platform: opencart # plinth:defaults");
        expect(line(one, "host:")).to.equal("host: one.example.org # instance");
        expect(line(one, "  maxBody:")).to.equal("  maxBody: 32Mi # plinth:base");
        expect(line(one, "  compression:")).to.equal("  compression: true # default");
        expect(line(one, "  maxChildren:")).to.equal("  maxChildren: 10 # default of opencart for size medium");
        expect(line(one, "  memoryLimit:")).to.equal("  memoryLimit: 512Mi # plinth:defaults");
        // A value that the schema turns into a map.
        expect(
            one
                .slice(one.indexOf("namespace:"), one.indexOf("namespace:") + 3)
                .map((text) => text.replace(/ +#/, " #")),
        ).to.deep.equal(["namespace:", "  name: shops # instance", "  create: true # instance"]);
        expect(one.at(-1)).to.equal("name: one");
    });
    it("follow removal by null, and what a changed topology drops", () => {
        const [one, two] = [lines("one"), lines("two")];
        expect(line(two, "  memoryLimit:")).to.equal("  memoryLimit: 256Mi # default");
        expect(line(two, "  maxChildren:")).to.equal("  maxChildren: 20 # default of opencart for size large");
        expect(line(one, "  topology:")).to.equal("  topology: single # instance");
        expect(one.join("\n")).not.to.include("db.example.org");
        const labels = one.indexOf("labels:");
        expect(one.slice(labels, labels + 2).map((text) => text.replace(/ +#/, " #"))).to.deep.equal([
            "labels:",
            "  c: d # plinth:defaults",
        ]);
    });
    it("leave the configuration as it is", () => {
        for (const instance of config.instances)
            expect(parse(lines(instance.name).join("\n"))).to.deep.equal(JSON.parse(JSON.stringify(instance)));
    });
});
