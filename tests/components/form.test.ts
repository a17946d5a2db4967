import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parseAllDocuments } from "yaml";
import { stackNames } from "../../operations/stackfile/stackFile";
import { formProblems } from "../../components/form";
import { Value } from "../../config/value";
import { fieldsPath, readFields } from "../../sandbox/kubernetesFields";
import { program } from "../support/tools";

const tests = join(__dirname, "..");
const lines = (object: { apiVersion: string; kind: string; [field: string]: unknown }) =>
    formProblems(object).map(({ path, message }) => `${path.join(".")}: ${message}`);

describe("the form of objects", () => {
    for (const name of stackNames(join(tests, "stacks"))) {
        it(`is valid in every object of the fixture ${name}`, () => {
            const text = readFileSync(join(tests, "golden", `${name}.yaml`), "utf8");
            const objects = parseAllDocuments(text).map((one) => one.toJS() as Parameters<typeof lines>[0]);
            expect(objects.length).to.be.greaterThan(10);
            expect(objects.flatMap(lines)).to.deep.equal([]);
        });
    }

    const service = (spec: unknown) => ({ apiVersion: "v1", kind: "Service", metadata: { name: "a" }, spec });

    it("follows the API server's own description: types, fields and required fields", () => {
        expect(
            lines(
                service({
                    selector: { app: 1 },
                    ports: [{ port: "80" }, { port: 2 ** 31 }, { targetPort: 1.5 }, null],
                    publishNotReadyAddresses: "yes",
                    sesionAffinity: "None",
                }),
            ),
        ).to.deep.equal([
            "spec.selector.app: 1 is not allowed; allowed: a text; a number or boolean in quotes",
            'spec.ports.0.port: "80" is not allowed; allowed: a whole number below 2147483648',
            "spec.ports.1.port: 2147483648 is not allowed; allowed: a whole number below 2147483648",
            "spec.ports.2.port: is missing",
            "spec.ports.2.targetPort: 1.5 is not allowed; allowed: a whole number or a text",
            "spec.ports.3: null is not allowed; allowed: a map",
            'spec.publishNotReadyAddresses: "yes" is not allowed; allowed: true or false',
            ...lines(service({ sesionAffinity: "None" })),
        ]);
        expect(lines(service({ sesionAffinity: "None" }))[0]).to.include(
            'spec.sesionAffinity: unknown field; did you mean "sessionAffinity"?; allowed: ',
        );
    });

    it("refuses items of a list that the API server could not tell apart", () => {
        const ports = [{ port: 80 }, { port: 80, protocol: "UDP" }, { port: 80, protocol: "TCP", name: "again" }];
        expect(lines(service({ ports }))).to.deep.equal([
            'spec.ports.2: {"port":80,"protocol":"TCP"} is already in the list; allowed: each once',
        ]);
        expect(lines(service({ ports: [{ port: 80 }, { port: 81 }] }))).to.deep.equal([]);
    });

    it("is not checked for unknown values, and in kinds of operators", () => {
        expect(lines(service({ clusterIP: Value.of("10.0.0.1"), ports: null }))).to.deep.equal([]);
        expect(lines({ ...service({ template: 1 }), apiVersion: "serving.example.org/v1" })).to.deep.equal([]);
        expect(lines({ apiVersion: "v1", kind: "toString" })).to.deep.equal([]);
    });

    it("tells the versions of a kind apart", () => {
        const scaler = (apiVersion: string) => ({
            apiVersion,
            kind: "HorizontalPodAutoscaler",
            spec: { maxReplicas: 2, scaleTargetRef: { kind: "Deployment", name: "a" }, metrics: [] },
        });
        expect(lines(scaler("autoscaling/v2"))).to.deep.equal([]);
        expect(lines(scaler("autoscaling/v1"))[0]).to.include("spec.metrics: unknown field");
    });

    it("matches the version of Kubernetes that the control plane is built from", async function () {
        this.timeout(120_000);
        program(this, "go");
        expect(JSON.parse(readFileSync(fieldsPath, "utf8")), "run: npm run fields").to.deep.equal(await readFields());
    });
});
