import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { deployment } from "../../components/deployment";
import type { Composed } from "../../components/graph";
import { expansion, literal, variable } from "../../components/languages/expansion";
import { images } from "../../config/images";
import { declare, find } from "../support/declare";
import { goProgram } from "../support/tools";

const texts = ["Cash$$", "a$(DB_PASSWORD)b", "$(A)$$(A)$$$(A)", "$A ${A} $", "plain"];

interface Container {
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly command: readonly string[];
    readonly args: readonly string[];
    readonly readinessProbe: { readonly exec: { readonly command: readonly string[] } };
    readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
}

describe("a container's strings", () => {
    const env = Object.fromEntries(texts.map((text, index) => [`TEXT${index}`, text]));
    const composed: Composed = { composed: expansion`${variable("A")}@${literal("$(A)")}` };

    it("reach the program unchanged despite the kubelet's expansion", async function () {
        const kubernetes = await goProgram(this, "kubernetes");
        const { objects } = await declare(
            (instance) => {
                const node = instance.addNode("web", { kind: "web tier" });
                deployment(instance, instance.owner, node, {
                    replicas: 1,
                    pod: {
                        user: 1000,
                        containers: [
                            {
                                name: "web",
                                image: images.caddy,
                                command: texts,
                                args: texts,
                                env: { A: "1", DB_PASSWORD: "secret", COMPOSED: composed },
                                resources: {},
                                probes: { readiness: { command: texts } },
                                preStop: texts,
                            },
                        ],
                    },
                });
            },
            { instance: { env: { web: env } } },
        );
        const [container] = find(objects, "Deployment", "web")["spec"].template.spec.containers as [Container];
        const expanded = (all: readonly string[]) =>
            JSON.parse(
                execFileSync(kubernetes, ["expand"], {
                    input: JSON.stringify({ Variables: { A: "1", DB_PASSWORD: "secret" }, Texts: all }),
                    encoding: "utf8",
                }),
            ) as string[];
        const values = new Map(container.env.map(({ name, value }) => [name, value]));
        expect(expanded(texts.map((_, index) => values.get(`TEXT${index}`)!))).to.deep.equal(texts);
        expect(expanded([values.get("COMPOSED")!])).to.deep.equal(["1@$(A)"]);
        for (const command of [container.command, container.args, container.readinessProbe.exec.command])
            expect(expanded(command)).to.deep.equal(texts);
        // Hooks' commands are not expanded: https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/lifecycle/handlers.go
        expect(container.lifecycle.preStop.exec.command).to.deep.equal(texts);
    });
});
