import { expect } from "chai";
import { itSaysWhatIsWrong, type Mistakes, one, problemsOf, shop, stackOf } from "../support/badInput";

/** What users write of single objects: patches and objects of their own, which must be such as Kubernetes can read. */

const patched = (patch: unknown, kind = "Deployment", name = "frontend") => one({ patches: [{ kind, name, patch }] });
const added = (object: object) => one({ extraObjects: [{ apiVersion: "v1", metadata: { name: "mine" }, ...object }] });

describe("bad objects", () => {
    const cases: Mistakes = {
        "a patch that turns a list into a map": {
            of: () => patched({ spec: { template: { spec: { volumes: { a: "b" } } } } }),
            says: [
                'plinth:instances.shop.patches.0.patch.spec.template.spec.volumes: does not fit Deployment "frontend": ' +
                    'spec.template.spec.volumes: {"a":"b"} is not allowed; allowed: a list',
            ],
        },
        "a patch that removes the labels of the pods": {
            of: () => patched({ spec: { template: { metadata: null } } }),
            says: [
                'plinth:instances.shop.patches.0.patch.spec.template.metadata: does not fit Deployment "frontend": ' +
                    "spec.template.metadata.labels: {} is not allowed; allowed: the labels that spec.selector matches",
            ],
        },
        "a patch that removes all of an object": {
            of: () => patched({ spec: null }),
            says: ['plinth:instances.shop.patches.0.patch: removes the pods from Deployment "frontend"'],
        },
        "a patch of a misspelt field": {
            of: () => patched({ spec: { replcas: 2 } }),
            says: [
                'plinth:instances.shop.patches.0.patch.spec.replcas: does not fit Deployment "frontend": spec.replcas: unknown field; did you mean "replicas"?',
            ],
        },
        "a patch with a value of another type": {
            of: () => patched([{ op: "add", path: "/spec/minReadySeconds", value: "5" }]),
            says: [
                'plinth:instances.shop.patches.0.patch: does not fit Deployment "frontend": spec.minReadySeconds: "5" is not allowed; allowed: a whole number',
            ],
        },
        "a patch that removes a required field": {
            of: () => patched({ spec: { ports: [{ name: "http", port: null }] } }, "Service"),
            says: ["spec.ports.0.port: is missing"],
        },
        "an operation inside a string": {
            of: () => patched([{ op: "add", path: "/metadata/name/x", value: 1 }]),
            says: ["operation 1 (add /metadata/name/x): the parent is not a map or list"],
        },
        "an operation that the library ignores": {
            of: () => patched([{ op: "add", path: "/metadata/labels/constructor", value: "x" }]),
            says: ['operation 1 (add /metadata/labels/constructor): "/metadata/labels/constructor" is not allowed'],
        },
        "an operation with an invalid path": {
            of: () => patched([{ op: "remove", path: "spec" }]),
            says: ['operation 1 (remove spec): "spec" is not allowed; allowed: a path such as /spec/replicas'],
        },
        "an extra object without its required fields": {
            of: () => added({ apiVersion: "batch/v1", kind: "CronJob" }),
            says: ["plinth:instances.shop.extraObjects.0.spec: is missing"],
        },
        "an extra workload without pods": {
            of: () => added({ apiVersion: "apps/v1", kind: "Deployment", spec: { selector: {}, template: {} } }),
            says: [
                "plinth:instances.shop.extraObjects.0.spec: has no template with the containers of its pods; required for this kind",
            ],
        },
        "a number in place of a string in an extra object": {
            of: () => added({ kind: "ConfigMap", data: { answer: 42 } }),
            says: ["plinth:instances.shop.extraObjects.0.data.answer: 42 is not allowed; allowed: a text"],
        },
        "keys that would change what an object is": {
            of: () =>
                problemsOf(
                    'config: {"plinth:instances": {"shop": {"platform": "opencart", "labels": {"__proto__": "x"}}}}',
                ),
            says: ['plinth:instances.shop.labels.__proto__: the key "__proto__" is not allowed'],
        },
        "keys that are built-in properties in JavaScript": {
            of: () =>
                one(
                    {
                        images: { constructor: "a:1" },
                        env: { toString: {} },
                        constructor: 1,
                        database: { hasOwnProperty: 1 },
                        quota: { valueOf: "x" },
                    },
                    { "plinth:constructor": 1, "plinth:secrets": { toString: {}, shop: { valueOf: "x" } } },
                ),
            says: [
                "plinth:instances.shop.constructor: unknown key; allowed",
                "plinth:instances.shop.database.hasOwnProperty: unknown key; allowed",
                'plinth:instances.shop.quota.valueOf: "valueOf" is not allowed',
                "plinth:constructor: unknown key",
                'plinth:secrets.toString: the instance "toString" does not exist',
            ],
        },
        "component names that are built-in properties in JavaScript": {
            of: () => one({ images: { constructor: "a:1" }, env: { toString: {} }, volumes: { valueOf: {} } }),
            says: [
                "images.constructor: matches nothing",
                "env.toString: matches nothing",
                "volumes.valueOf: matches nothing",
            ],
        },
        "a registry account with the name of a built-in property": {
            of: () =>
                problemsOf(
                    stackOf(
                        { shop: shop() },
                        { "plinth:images": { credentials: { constructor: { registry: "docker.io", username: "x" } } } },
                    ),
                ),
            says: ["plinth:images.credentials.constructor: is missing the password of x"],
        },
        "a file that is not a map": {
            of: () => problemsOf("secret\n"),
            says: ["Pulumi.staging.yaml: is not a map; allowed: config, "],
        },
        "a configuration that is not a map": {
            of: () => problemsOf("config: [1]\n"),
            says: ["Pulumi.staging.yaml: config: is not allowed; allowed: a map"],
        },
        "a map that contains itself": {
            of: () => problemsOf("config:\n  plinth:labels: &a { b: *a }\n"),
            says: ["is nested too deeply; allowed: 64 levels, and no alias to a containing map or list"],
        },
        "a merge key with a value that is not a map": {
            of: () => problemsOf("%YAML 1.1\n---\nconfig:\n  plinth:labels: { <<: [secret] }\n"),
            says: ["Pulumi.staging.yaml: a merge key (<<) or a tag (!) does not fit the value after it"],
        },
        "NaN and infinite numbers": {
            of: () =>
                problemsOf("config:\n  plinth:instances: { shop: { replicas: { frontend: .nan, admin: .inf } } }\n"),
            says: [
                "plinth:instances.shop.replicas.frontend: NaN is not allowed; allowed: a number",
                "plinth:instances.shop.replicas.admin: Infinity is not allowed; allowed: a number",
            ],
        },
        "binary data": {
            of: () => problemsOf("config:\n  plinth:labels: { a: !!binary aGVsbG8= }\n"),
            says: ["plinth:labels.a: a "],
        },
        "keys with control characters": {
            of: () => one({ "\u001b[31mred\n": 1 }),
            says: ["plinth:instances.shop.\\u001b[31mred\\u000a: unknown key"],
        },
        "an endpoint that only looks like a URL": {
            of: () => one({ backup: { target: { type: "s3", bucket: "backups", endpoint: "https://[1:9000" } } }),
            says: [
                "plinth:instances.shop.backup.target.endpoint: ",
                "allowed: a URL such as https://s3.example.org:9000",
            ],
        },
        "an extra object that already exists": {
            of: () => one({ extraObjects: [{ apiVersion: "v1", kind: "Service", metadata: { name: "frontend" } }] }),
            says: ['plinth:instances.shop.extraObjects: Service "frontend" already exists'],
        },
        "invalid extra objects": {
            of: () =>
                one({
                    extraObjects: [
                        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "../../x" } },
                        { apiVersion: "v1", kind: "../x", metadata: { name: "../x" } },
                        { apiVersion: "apps/v1/x", kind: "Deployment", metadata: { name: "b" } },
                    ],
                }),
            says: [
                'plinth:instances.shop.extraObjects.0.metadata.namespace: "../../x" is not allowed; allowed: lower-case letters',
                'plinth:instances.shop.extraObjects.1.kind: "../x" is not allowed; allowed: a kind such as ConfigMap',
                'plinth:instances.shop.extraObjects.1.metadata.name: "../x" is not allowed',
                'plinth:instances.shop.extraObjects.2.apiVersion: "apps/v1/x" is not allowed; allowed: VERSION or GROUP/VERSION',
            ],
        },
        "a patch that removes the pods": {
            of: () => one({ patches: [{ kind: "Deployment", name: "frontend", patch: { spec: { template: null } } }] }),
            says: ['removes the pods from Deployment "frontend"'],
        },
    };
    itSaysWhatIsWrong(cases);

    it("is not reported for a setting of PHP with the name of a built-in property", async () => {
        expect(await one({ platform: "openmage", php: { settings: { constructor: "On" } } })).to.deep.equal([]);
    });
});
