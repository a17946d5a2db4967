import { expect } from "chai";
import type { Kubectl } from "../../../operations/cluster/kubectl";
import { awaitDeletions } from "../../../operations/launch/awaitDeletions";
import type { RenderedObject, Rendering } from "../../../operations/render/rendering";
import { UserError } from "../../../operations/system/errors";

const object = (kind: string, name: string, more: object = {}): RenderedObject => ({
    apiVersion: "v1",
    kind,
    metadata: { name, namespace: "shop", labels: { "plinth.dev/stack": "plinth.staging" }, ...more },
});
const leaving = { deletionTimestamp: "2026-01-01T00:00:00Z" };
const declared = ["StatefulSet", "PersistentVolumeClaim", "Deployment"].map((kind) => object(kind, "database"));
const rendering = { project: "plinth", stack: "staging", objects: declared } as unknown as Rendering;

/** What a launch asks the cluster, which still has some objects. */
async function asked(live: readonly RenderedObject[], fails = false): Promise<string[]> {
    const calls: string[] = [];
    const read = (args: readonly string[]) => {
        calls.push(args.join(" "));
        return fails ? Promise.reject(new UserError("timed out waiting for the condition")) : Promise.resolve("");
    };
    await awaitDeletions({ read } as Pick<Kubectl, "read">, live, rendering);
    return calls;
}

describe("objects that are being deleted", () => {
    it("are waited for if the stack creates them again", async () => {
        expect(
            await asked([object("StatefulSet", "database", leaving), object("Deployment", "database")]),
        ).to.deep.equal(["wait --for=delete statefulset/database --namespace shop --timeout=10m"]);
    });

    it("are not waited for if they are volumes, another's, or not declared", async () => {
        const foreign = object("StatefulSet", "database", { ...leaving, labels: {} });
        const undeclared = object("StatefulSet", "search", leaving);
        expect(await asked([object("PersistentVolumeClaim", "database", leaving), foreign, undeclared])).to.deep.equal(
            [],
        );
    });

    it("are named if they stay", async () => {
        const failure = await asked([object("StatefulSet", "database", leaving)], true).catch(
            (error: unknown) => error,
        );
        expect(failure)
            .to.be.instanceOf(UserError)
            .with.property(
                "message",
                "statefulset/shop/database is still being deleted after ten minutes: timed out waiting for the condition",
            );
    });
});
