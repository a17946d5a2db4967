import { expect } from "chai";
import { find, problemsOf } from "../support/declare";
import { declareOpenCart } from "../support/opencart";

const patch = (kind: string, name: string, label: string) => ({
    kind,
    name,
    patch: { metadata: { labels: { [label]: "yes" } } },
});

describe("lists to which layers add", () => {
    it("patches of plinth:base, plinth:defaults and the instance all count, the instance's last", async () => {
        const last = (value: string) => ({
            kind: "Service",
            name: "edge",
            patch: { metadata: { labels: { last: value } } },
        });
        const objects = await declareOpenCart({
            values: {
                base: { patches: [patch("Service", "edge", "from-base"), last("base")] },
                defaults: { patches: [patch("Service", "edge", "from-defaults"), last("defaults")] },
            },
            instance: { patches: [patch("Service", "edge", "own"), last("own")] },
        });
        expect(find(objects, "Service", "edge").metadata.labels).to.include({
            "from-base": "yes",
            "from-defaults": "yes",
            own: "yes",
            last: "own",
        });
    });

    it("null drops those of the layers below", async () => {
        const objects = await declareOpenCart({
            values: { defaults: { patches: [patch("Service", "edge", "from-defaults")] } },
            instance: { patches: null },
        });
        expect(find(objects, "Service", "edge").metadata.labels).not.to.have.property("from-defaults");
    });

    it("one in plinth:defaults has to match in one of the platforms only", async () => {
        const values = (name: string) => ({
            defaults: { patches: [patch("Deployment", "edge", "seen"), patch("Deployment", name, "seen")] },
        });
        const instance = { omit: [{ kind: "NetworkPolicy", name: "edge" }] };
        expect(await problemsOf(declareOpenCart({ values: values("worker"), instance }))).to.match(
            /plinth:defaults\.patches\.1: matches nothing: Deployment "worker"/,
        );
        const objects = await declareOpenCart({ values: values("frontend"), instance });
        expect(find(objects, "Deployment", "frontend").metadata.labels).to.include({ seen: "yes" });
    });

    it("problems name the place where an entry is written", async () => {
        const wrong = { kind: "Service", name: "edge", patch: [{ op: "remove", path: "/spec/none" }] };
        const problems = await problemsOf(
            declareOpenCart({
                values: {
                    base: { patches: [patch("Service", "edge", "a")] },
                    defaults: { patches: [patch("Service", "edge", "b"), wrong] },
                },
                instance: { patches: [patch("Service", "none", "c"), wrong] },
            }),
        );
        expect(problems).to.match(/plinth:defaults\.patches\.1\.patch: does not fit/);
        expect(problems).to.match(/plinth:instances\.shop\.patches\.1\.patch: does not fit/);
        expect(problems).to.match(/plinth:instances\.shop\.patches\.0: matches nothing/);
        const schema = await problemsOf(
            declareOpenCart({
                values: { defaults: { patches: [patch("Service", "edge", "a")] } },
                instance: { patches: [{}] },
            }),
        );
        expect(schema).to.contain("plinth:instances.shop.patches.0.kind").and.not.contain("patches.1");
    });
});
