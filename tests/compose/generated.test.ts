import { expect } from "chai";
import fc from "fast-check";
import { stringify } from "yaml";
import { ComposeGo } from "../support/composeGo";
import { difference, ownAnswer, type Texts, wantedAnswer, writeProject } from "../support/composeProjects";
import { scratch } from "../support/tools";

/** The same inputs in each run. */
const seed = 20261201;

const joined = (parts: readonly string[], most: number) =>
    fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: most }).map((some) => some.join(""));

const variables = [
    "$TAG",
    "${TAG}",
    "${NONE}",
    "${NONE:-",
    "${NONE-",
    "${EMPTY:-d}",
    "${EMPTY-d}",
    "${TAG:+r}",
    "${TAG+",
    "${NONE:?why}",
    "${TAG:?",
];
const template = joined([...variables, "$", "$$", "{", "}", "a", " ", "-", ":", "é", "'", "1"], 7);

const envLine = joined(
    [
        "A",
        "B",
        "=",
        "=",
        ": ",
        "export ",
        "'",
        '"',
        "\\n",
        "\\",
        "\\$",
        "$TAG",
        "${A}",
        "${NONE:-d}",
        " ",
        " # c",
        "#",
        "x y",
        "\t",
        "é",
        ".",
        "-",
    ],
    8,
);
const envFile = fc.array(envLine, { maxLength: 5 }).map((lines) => `${lines.join("\n")}\n`);

const port = fc.oneof(
    joined(
        ["80", "8080", "0", "65535", "65536", ":", ":", "-", "/tcp", "/udp", "/x", "127.0.0.1", "[::1]", "::1", "a"],
        6,
    ),
    fc.integer({ min: -1, max: 70_000 }),
    fc.record(
        {
            target: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constant("80")),
            published: fc.oneof(fc.constantFrom("8080", "8000-8010", 80), fc.integer({ min: 1, max: 9 }).map(String)),
            host_ip: fc.constantFrom("127.0.0.1", "::1", "x", ""),
            protocol: fc.constantFrom("tcp", "udp"),
            mode: fc.constantFrom("host", "ingress"),
            app_protocol: fc.constant("http"),
        },
        { requiredKeys: [] },
    ),
);

const volume = fc.oneof(
    joined(
        [
            "data",
            "./a",
            "/b",
            "~",
            "..",
            ":",
            ":",
            ":",
            "/c/",
            "ro",
            "rw",
            ",",
            "z",
            "nocopy",
            "rshared",
            "C:\\d",
            "${NONE}",
            "x",
        ],
        6,
    ),
    fc.record(
        {
            type: fc.constantFrom("bind", "volume", "tmpfs", "image", "npipe"),
            source: fc.constantFrom("data", "./a", "", "~/x", "C:\\x"),
            target: fc.constantFrom("/x", "/y/", "y/../z", ""),
            read_only: fc.constantFrom(true, "false", "maybe"),
            bind: fc.record(
                { create_host_path: fc.boolean(), propagation: fc.constant("private") },
                { requiredKeys: [] },
            ),
            volume: fc.record({ nocopy: fc.constantFrom(true, "yes") }, { requiredKeys: [] }),
            tmpfs: fc.record(
                { size: fc.constantFrom(10, "1m", "x"), mode: fc.constantFrom(511, 448) },
                { requiredKeys: [] },
            ),
        },
        { requiredKeys: ["type"] },
    ),
);

const listOrMap = (keys: readonly string[]) =>
    fc.oneof(
        fc.uniqueArray(joined([...keys, "=", "=v", "${TAG}"], 3), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...keys), fc.constantFrom("v", 1, 1.5, true, null, "${TAG}", ""), { maxKeys: 3 }),
        fc.constant(null),
    );
const textOrList = (...texts: readonly string[]) =>
    fc.oneof(fc.constantFrom(...texts), fc.uniqueArray(fc.constantFrom(...texts), { maxLength: 3 }));

const duration = joined(["1", "30", ".5", "s", "m", "h", "ms", "us", "d", "w", "-"], 4);
const size = joined(["1", "10", ".5", "k", "m", "g", "b", "i", " ", "-", "e1"], 4);
const command = joined(["a", "-b", " ", " ", "'", '"', "\\", "$$", "(", ")", "`", ";", ">", "&&", "c d"], 7);

/** Some keys of a service, in all their forms. */
const forms: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    image: fc.constantFrom("a", "b:${TAG}"),
    command: fc.oneof(command, textOrList("x", "y"), fc.constant(null)),
    entrypoint: textOrList("x", "y"),
    environment: listOrMap(["A", "B", "TAG", "NONE"]),
    labels: listOrMap(["a", "b"]),
    sysctls: listOrMap(["net.a", "net.b"]),
    ports: fc.array(fc.constantFrom("80:80", "81:80", 80, "80-81:80-81", "90/udp"), { maxLength: 3 }),
    volumes: fc.array(fc.constantFrom("data:/a", "./x:/a:ro", "/a", "/b", "./y:/b"), { maxLength: 2 }),
    depends_on: fc.oneof(fc.constant(["other"]), fc.constant({ other: { condition: "service_healthy" } })),
    networks: fc.oneof(fc.constant(["default"]), fc.constant({ net: { aliases: ["a"] } }), fc.constant({ net: null })),
    dns: textOrList("1.1.1.1", "2.2.2.2", ""),
    tmpfs: textOrList("/run", "/tmp:size=1m"),
    extra_hosts: fc.oneof(
        fc.constant({ a: "1.2.3.4" }),
        fc.constant(["a:1.2.3.4", "b=::1"]),
        fc.constant({ b: ["::1", "::2"] }),
    ),
    healthcheck: fc.record(
        { test: fc.oneof(textOrList("CMD", "a"), command), interval: duration, retries: fc.constantFrom(1, "2") },
        { requiredKeys: [] },
    ),
    build: fc.oneof(
        fc.constant("./b"),
        fc.record({ context: fc.constantFrom(".", "https://x"), args: listOrMap(["A", "TAG"]) }, { requiredKeys: [] }),
    ),
    logging: fc.record({ driver: fc.constantFrom("a", "b"), options: fc.constant({ x: 1 }) }, { requiredKeys: [] }),
    ulimits: fc.oneof(fc.constant({ nofile: 1 }), fc.constant({ nofile: { soft: 1, hard: "2" } })),
    deploy: fc.record(
        {
            replicas: fc.constantFrom(0, 1, "2"),
            labels: listOrMap(["a"]),
            resources: fc.constantFrom({}, { limits: { cpus: "0.1", memory: "1m" } }),
        },
        { requiredKeys: [] },
    ),
    scale: fc.constantFrom(0, 1, 2),
    mem_limit: size,
    cpus: fc.constantFrom(0.1, "0.1", 1, "1.50"),
    profiles: textOrList("p", "").filter(Array.isArray),
    stop_grace_period: duration,
    privileged: fc.constantFrom(true, "off", "x"),
    pull_policy: fc.constantFrom("if_not_present", "always", "x"),
    links: fc.constantFrom(["other"], ["other:db"]),
    network_mode: fc.constantFrom("host", "service:other"),
    post_start: fc.constant([{ command: "a b" }]),
    pre_start: fc.constant([{ environment: ["A=hook"] }]),
};

/** @param most how many keys */
const service = (most: number) =>
    fc
        .shuffledSubarray(Object.keys(forms), { minLength: 1, maxLength: most })
        .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, forms[key]!]))));

const other = { image: "other" };
const rest = { networks: { net: null }, volumes: { data: null } };

const project = (service_: unknown): string => stringify({ services: { app: service_, other }, ...rest });

const kinds: Readonly<Record<string, { readonly count: number; readonly texts: fc.Arbitrary<Texts> }>> = {
    "interpolated texts": {
        count: 300,
        texts: template.map((text) => ({
            "compose.yaml": project({ image: "a", environment: { A: text }, user: text }),
        })),
    },
    "env files": {
        count: 300,
        texts: fc.tuple(envFile, envFile).map(([dotenv, file]) => ({
            ".env": dotenv,
            "a.env": file,
            "compose.yaml": project({ image: "x${A}${B}", env_file: "a.env", environment: ["A", "TAG"] }),
        })),
    },
    ports: {
        count: 400,
        texts: fc.array(port, { maxLength: 3 }).map((ports) => ({ "compose.yaml": project({ image: "a", ports }) })),
    },
    volumes: {
        count: 400,
        texts: fc
            .array(volume, { maxLength: 2 })
            .map((volumes) => ({ "compose.yaml": project({ image: "a", volumes }) })),
    },
    "services in all forms": {
        count: 300,
        texts: service(5).map((one) => ({ "compose.yaml": project({ image: "a", ...one }) })),
    },
    merges: {
        count: 400,
        texts: fc.tuple(service(6), service(6)).map(([one, two]) => ({
            "compose.yaml": project({ image: "a", ...one }),
            "compose.override.yaml": stringify({ services: { app: two } }),
        })),
    },
    extends: {
        count: 200,
        texts: fc.tuple(service(4), service(4), fc.boolean()).map(([one, two, inFile]) => ({
            "compose.yaml": stringify({
                services: {
                    app: { ...one, extends: inFile ? { file: "b/base.yaml", service: "base" } : "base" },
                    other,
                    base: { image: "a", ...two },
                },
                ...rest,
            }),
            "b/base.yaml": stringify({ services: { base: { image: "b", ...two } } }),
        })),
    },
    names: {
        count: 200,
        texts: fc
            .tuple(
                joined(["a", "B", "_", "-", ".", "1", "é", "${TAG}", " ", "$$"], 4),
                joined(["a", "B", "_", "-", ".", "1", "é", " "], 4),
            )
            .map(([name, key]) => ({
                "compose.yaml": stringify({
                    name,
                    services: { [key]: { image: "a", volumes: [`${key}:/a`], networks: [key] } },
                    volumes: { [key]: null },
                    networks: { [key]: { external: true } },
                }),
            })),
    },
    "YAML scalars": {
        count: 300,
        texts: joined(
            [
                "0",
                "1",
                "7",
                "9",
                "x",
                "o",
                "b",
                ".",
                "e",
                "-",
                "+",
                "_",
                ":",
                "true",
                "Null",
                "~",
                "yes",
                "inf",
                "2024-01-02",
                "T1:2:3Z",
                " ",
            ],
            4,
        )
            .filter((text) => text.trim() !== "" && !/^-? |: |:$|^[:-]$/.test(text.trim()))
            .map((text) => ({
                "compose.yaml": `services: {app: {image: a}}\nx-value:\n  key: ${text}\n  list:\n    - ${text}\n`,
            })),
    },
};

describe("generated Compose projects", () => {
    const folder = scratch();
    let oracle: ComposeGo;

    before(async function () {
        oracle = await ComposeGo.start(this);
    });
    after(function () {
        this.timeout(60_000);
        oracle?.stop();
        folder.clean();
    });

    for (const [kind, { count, texts }] of Object.entries(kinds))
        it(`with ${count} ${kind} are what compose-go makes of them`, async function () {
            this.timeout(300_000);
            const projects = fc.sample(texts, { numRuns: count, seed });
            const results = await Promise.all(
                projects.map(async (one, i) => {
                    const question = { folder: writeProject(`${folder.path}/${kind.replaceAll(" ", "-")}/n${i}`, one) };
                    const wanted = await wantedAnswer(oracle, question);
                    const found = difference(ownAnswer(question), wanted);
                    return { isRead: !wanted.error, found: found && `${JSON.stringify(one)}: ${found}` };
                }),
            );
            expect(results.flatMap(({ found }) => found ?? []).slice(0, 5)).to.deep.equal([]);
            // A generator whose projects are all refused would prove nothing.
            expect(results.filter(({ isRead }) => isRead).length, "read").to.be.above(count / 20);
        });
});
