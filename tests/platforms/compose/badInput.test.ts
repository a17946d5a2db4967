import { truncateSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { renderGiven } from "../../../operations/render/rendering";
import { write } from "../../support/files";
import { scratch } from "../../support/tools";
import { convert, type ProjectArgs, refusalOf } from "./support";

/** What is wrong with a project, and the message, with its place. */
const mistakes: Readonly<Record<string, readonly [text: string, says: RegExp, args?: ProjectArgs]>> = {
    "services that extend each other": [
        "services:\n  a: {extends: {service: b}}\n  b: {extends: {service: a}}",
        /compose\.yaml:\d:\d+: services\.a\.extends.*a in compose\.yaml → b in compose\.yaml → a in compose\.yaml/,
    ],
    "files that include each other": [
        "include: [more.yaml]\nservices: {a: {image: a}}",
        /more\.yaml:1:\d+: include\[0\]: .*compose\.yaml → more\.yaml → compose\.yaml/,
        { files: { "more.yaml": "include: [compose.yaml]" } },
    ],
    "a missing env file": [
        "services:\n  a:\n    image: a\n    env_file: gone.env",
        /compose\.yaml:4:15: services\.a\.env_file.*gone\.env does not exist/,
    ],
    "a missing secret file": [
        "services:\n  a: {image: a, secrets: [s]}\nsecrets:\n  s: {file: ./gone.txt}",
        /compose\.yaml:4:7: secrets\.s\.file: .*gone\.txt does not exist/,
    ],
    "an undefined volume": [
        "services:\n  a:\n    image: a\n    volumes: [dat:/x]",
        /compose\.yaml:4:15: services\.a\.volumes\[0\]: .*the volume "dat" is not defined/,
    ],
    "an undefined network": [
        "services:\n  a:\n    image: a\n    networks: [front]",
        /compose\.yaml:4:16: services\.a\.networks\.front: .*the network "front" is not defined/,
    ],
    "a required variable without a value": [
        "services:\n  a:\n    image: a\n    user: ${NONE:?set it}",
        /compose\.yaml:4:11: services\.a\.user: the variable NONE must have a value: set it/,
    ],
    "two services with one legal name": [
        "services:\n  my_db: {image: a}\n  my.db: {image: b}",
        /compose\.yaml:3:3: services\.my\.db: the services my_db and my\.db would both be called "my-db".*compose\.yaml:2:3/,
    ],
    "Docker's socket": [
        "services:\n  a:\n    image: a\n    volumes: [/var/run/docker.sock:/s]",
        /compose\.yaml:4:15: services\.a\.volumes\[0\]: mounts Docker's socket.*allow\.a: \[docker\.sock\]/,
    ],
    "a build without a registry": [
        "services:\n  a:\n    build: .",
        /compose\.yaml:3:5: services\.a\.build: is built here, and the cluster cannot pull it from localhost:5000\/plinth/,
        {
            files: { Dockerfile: "FROM scratch\n" },
            stack: "production",
            values: { cluster: { context: "production" } },
        },
    ],
    "a port of the machine twice": [
        'services:\n  a: {image: a, ports: ["80:80"]}\n  b: {image: b, ports: ["80:8080"]}',
        /compose\.yaml:3:25: services\.b\.ports\[0\]: publishes 80, which a has already/,
    ],
    "a port of one address that another service publishes on all": [
        'services:\n  a: {image: a, ports: ["127.0.0.1:80:80"]}\n  b: {image: b, ports: ["0.0.0.0:80:8080"]}',
        /compose\.yaml:3:25: services\.b\.ports\[0\]: publishes 80, which a has already/,
    ],
    "two networks with one name": [
        "services:\n  a: {image: a, networks: [a_b, a.b]}\nnetworks:\n  a_b: {}\n  a.b: {}",
        /compose\.yaml:5:3: networks\.a\.b: would be called "a-b" in the cluster, as a_b is; rename one/,
    ],
    "rights of a service that is not there": [
        "services:\n  agent: {image: a}",
        /plinth:instances\.shop\.allow\.agnet: is not a service of the project; allowed: agent/,
        { instance: { allow: { agnet: ["privileged"] } } },
    ],
    "a port of nodes twice": [
        [
            "services:",
            ...["a", "b"].map(
                (name) =>
                    `  ${name}: {image: x, expose: [1], ports: ["1:1"], labels: {kompose.service.type: nodeport, kompose.service.nodeport.port: "30001"}}`,
            ),
        ]
            .join("\n")
            .replace('["1:1"], labels', '["2:2"], labels'),
        /compose\.yaml:3:\d+: services\.b\.labels\.kompose\.service\.nodeport\.port: is 30001, which a has already/,
    ],
    "a tab": ["services:\n\ta: {image: a}", /compose\.yaml:2:1: .*spaces, not tabs/],
    "no YAML": ["services: {a: {image: 'a}", /compose\.yaml:1:\d+: .*quote/],
};

describe("what is wrong with a Compose project", () => {
    for (const [what, [text, says, args]] of Object.entries(mistakes))
        it(`is told with its place, and nothing is changed: ${what}`, () => {
            const message = refusalOf(text, args);
            expect(message).to.match(/^\d+ problems? in the configuration; nothing was changed\.\n/);
            expect(message).to.match(says);
            expect(message).not.to.match(/\n\s+at /);
        });

    it("is not read if it has 200 MB", () => {
        const { path: folder, clean } = scratch();
        write(folder, { "compose.yaml": "" });
        truncateSync(join(folder, "compose.yaml"), 200 * 2 ** 20);
        const shop = { platform: "compose", host: "shop.example.org", file: "compose.yaml" };
        const config = { "plinth:instances": JSON.stringify({ shop }) };
        const started = Date.now();
        expect(() => renderGiven({ project: "plinth", stack: "dev", config, stackFolder: folder })).to.throw(
            /compose\.yaml has 200 MB; allowed: 8 MB/,
        );
        expect(Date.now() - started).to.be.below(5000);
        clean();
    });

    it("is no port of several addresses: of one family each, or of no common one", () => {
        const ports = (...all: string[]) => ({ services: { a: { image: "a", ports: all } } });
        expect(refusalOf(ports("0.0.0.0:53:53", "[::]:53:53"))).to.equal("");
        expect(refusalOf(ports("127.0.0.1:53:53", "10.0.0.1:53:53"))).to.equal("");
    });

    it("is no port between colons, which YAML 1.1 takes for a number of base 60", () => {
        const { find } = convert("services:\n  a:\n    image: a\n    ports: [22:22, 2222:2222/udp]");
        const { ports } = find("Service", "a")["spec"] as { ports: { port: number }[] };
        expect(ports.map(({ port }) => port)).to.deep.equal([22, 2222]);
    });
}).timeout(120_000);
