import type { PodSpec } from "kubernetes-types/core/v1";
import { expect } from "chai";
import { tryPods } from "../../../operations/cluster/trial";
import { KubectlError, kubectlFailure } from "../../../operations/cluster/kubectlError";
import type { RenderedObject } from "../../../operations/render/rendering";
import { object } from "../../support/doctor";

const said = (pod: string, why: string) =>
    `Error from server (Forbidden): error when creating "STDIN": pods "${pod}" is forbidden: ${why}`;

/** A server that has nothing that a pod refers to. */
const kubectl = {
    read: (_: readonly string[], text?: string): Promise<string> => {
        const { kind, metadata, spec } = JSON.parse(text!) as RenderedObject;
        const { serviceAccountName: account, priorityClassName: priority } = (spec ?? {}) as Partial<PodSpec>;
        const why =
            kind === "List" || account !== undefined
                ? `error looking up service account shop/${account}: serviceaccount "${account}" not found`
                : priority && `no PriorityClass with name ${priority} was found`;
        if (!why) return Promise.resolve("");
        const details = said(metadata?.name ?? "trial", why);
        return Promise.reject(new KubectlError(details, kubectlFailure(details), details));
    },
};

describe("bare pods that are tried", () => {
    const pod = { serviceAccountName: "shop", priorityClassName: "high", containers: [] };
    const workload = object("Deployment", "frontend", { template: { spec: pod } }, "apps/v1");
    const account = object("ServiceAccount", "shop", {});
    const priority = { ...object("PriorityClass", "high", {}), metadata: { name: "high" } };
    const refused = async (...others: RenderedObject[]) => {
        const rendering = { objects: [workload, ...others], outputs: { instances: {} } };
        return (await tryPods(kubectl as never, rendering as never)).refused.map(({ why }) => why);
    };

    it("may refer to what the stack creates", async () => {
        expect(await refused(account, priority)).to.deep.equal([]);
    });
    it("may not refer to what nobody creates", async () => {
        expect((await refused(account)).join()).to.match(/^no PriorityClass with name high/);
    });
    it("have an account of their own namespace", async () => {
        const elsewhere = { ...account, metadata: { ...account.metadata, namespace: "other" } };
        expect((await refused(elsewhere, priority)).join()).to.match(/^error looking up service account shop\/shop/);
    });
});
