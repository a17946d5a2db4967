import { expect } from "chai";
import { patchObject } from "../../components/patch";
import { Value } from "../../config/value";

const pod = () => ({
    kind: "Deployment",
    spec: {
        replicas: 1,
        containers: [
            {
                name: "php",
                image: "a",
                env: [{ name: "A", value: "1" }],
                volumeMounts: [
                    { name: "files", mountPath: "/one" },
                    { name: "files", mountPath: "/two" },
                ],
            },
            { name: "nginx", image: "b" },
        ],
        args: ["--a", "--b"],
    },
});

describe("patches", () => {
    it("merge lists of named items by name, and keep other items", () => {
        const patched = patchObject(pod(), {
            spec: {
                containers: [
                    {
                        name: "php",
                        env: [
                            { name: "A", value: "2" },
                            { name: "B", value: "3" },
                        ],
                    },
                ],
            },
        });
        const [php, nginx] = (patched["spec"] as ReturnType<typeof pod>["spec"]).containers;
        expect(php!.env).to.deep.equal([
            { name: "A", value: "2" },
            { name: "B", value: "3" },
        ]);
        expect(php!.image).to.equal("a");
        expect(nginx).to.deep.equal({ name: "nginx", image: "b" });
    });
    it("distinguish two mounts of one volume by their path", () => {
        const patched = patchObject(pod(), {
            spec: { containers: [{ name: "php", volumeMounts: [{ mountPath: "/two", readOnly: true }] }] },
        });
        expect((patched["spec"] as ReturnType<typeof pod>["spec"]).containers[0]!.volumeMounts).to.deep.equal([
            { name: "files", mountPath: "/one" },
            { name: "files", mountPath: "/two", readOnly: true },
        ]);
    });
    it("replace lists of plain values, remove with null, and delete a named item on request", () => {
        const patched = patchObject(pod(), {
            spec: { args: ["--c"], replicas: null, containers: [{ name: "nginx", $patch: "delete" }] },
        });
        const spec = patched["spec"] as ReturnType<typeof pod>["spec"];
        expect(spec.args).to.deep.equal(["--c"]);
        expect(spec).not.to.have.property("replicas");
        expect(spec.containers.map(({ name }) => name)).to.deep.equal(["php"]);
    });
    it("follow RFC 6902 if they are a list", () => {
        const patched = patchObject(pod(), [
            { op: "test", path: "/spec/replicas", value: 1 },
            { op: "replace", path: "/spec/replicas", value: 3 },
            { op: "add", path: "/spec/args/-", value: "--d" },
            { op: "remove", path: "/spec/containers/1" },
        ]);
        const spec = patched["spec"] as ReturnType<typeof pod>["spec"];
        expect(spec.replicas).to.equal(3);
        expect(spec.args).to.deep.equal(["--a", "--b", "--d"]);
        expect(spec.containers).to.have.length(1);
    });
    it("never change the original, and keep values that are not known yet", () => {
        const later = Value.of("later");
        const original = { spec: { values: { later }, list: [1] } };
        for (const patch of [
            { spec: { values: { more: 1 } } },
            [{ op: "add" as const, path: "/spec/values/more", value: 1 }],
        ]) {
            const patched = patchObject(original, patch) as unknown as typeof original;
            expect(patched.spec.values.later).to.equal(later);
            expect(patched.spec.values).to.have.property("more", 1);
        }
        expect(original.spec.values).to.have.all.keys("later");
    });
    it("report which operation does not fit", () => {
        expect(() => patchObject(pod(), [{ op: "replace", path: "/spec/nothing/here", value: 1 }])).to.throw(
            "operation 1 (replace /spec/nothing/here)",
        );
        expect(() => patchObject(pod(), [{ op: "test", path: "/spec/replicas", value: 7 }])).to.throw(
            "operation 1 (test /spec/replicas)",
        );
    });
});
