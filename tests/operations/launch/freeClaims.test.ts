import { expect } from "chai";
import { UserError } from "../../../operations/system/errors";
import { freeClaims } from "../../../operations/launch/freeClaims";
import type { Kubectl } from "../../../operations/cluster/kubectl";

const user = (kind: string, name: string, claimName: string, replicas?: number) => ({
    kind,
    metadata: { name },
    spec: {
        ...(replicas === undefined ? {} : { replicas }),
        template: { spec: { containers: [], volumes: [{ persistentVolumeClaim: { claimName } }] } },
    },
});

/** kubectl that records its calls, in a namespace with three users of a claim and one of another. */
function cluster(failsAt?: string) {
    const deeds: string[] = [];
    const items = [
        user("Deployment", "frontend", "files", 3),
        user("StatefulSet", "search", "files"),
        user("Job", "install-1", "files"),
        user("Deployment", "other", "more", 1),
    ];
    const kubectl = {
        json: () => Promise.resolve({ items }),
        run: (args: readonly string[]) => {
            deeds.push(args.filter((word) => !/^(--namespace|shop|--type|merge|--patch)$/.test(word)).join(" "));
            return args[0] === failsAt ? Promise.reject(new UserError("still in use")) : Promise.resolve("");
        },
    } as unknown as Kubectl;
    return { kubectl, deeds };
}

const began = [
    "delete persistentvolumeclaim files --wait=false",
    'patch deployment/frontend {"spec":{"replicas":0}}',
    'patch statefulset/search {"spec":{"replicas":0}}',
    "delete job/install-1",
    "wait --for=delete persistentvolumeclaim/files --timeout=10m",
];
const ended = ['patch deployment/frontend {"spec":{"replicas":3}}', 'patch statefulset/search {"spec":{"replicas":1}}'];

describe("claims that a run replaces", () => {
    it("are marked, lose only their users, and are deleted before these may start again", async () => {
        const { kubectl, deeds } = cluster();
        await freeClaims(kubectl, ["persistentvolumeclaim/shop/files"]);
        expect(deeds).to.deep.equal([...began, ...ended]);
    });

    it("leave nothing stopped if they stay in use", async () => {
        const { kubectl, deeds } = cluster("wait");
        const failure = await freeClaims(kubectl, ["persistentvolumeclaim/shop/files"]).catch(
            (error: unknown) => error,
        );
        expect(failure).to.be.instanceOf(UserError);
        expect(deeds).to.deep.equal([...began, ...ended]);
    });
});
