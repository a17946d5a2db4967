import { expect } from "chai";
import type { Instance } from "../../components/instance";
import type { ContainerArgs, Mount } from "../../components/podArgs";
import { requestOf } from "../../components/scratch";
import { Worker } from "../../components/worker";
import { images } from "../../platforms/opencart/images";
import { containerOf, declare, podOf, problemsOf } from "../support/declare";

const container = (name: string, ...mounts: Mount[]): ContainerArgs => ({
    name,
    image: images["opencart-nginx"],
    resources: { cpu: "10m", memory: "64Mi" },
    mounts,
});
const scratch = (path: string, size: string, memory = false): Mount => ({ path, scratch: { size, memory } });

const build = (instance: Instance) =>
    new Worker(instance, "worker", {
        pod: {
            user: 1000,
            initContainers: [container("prepare", scratch("/tmp", "100Mi"), scratch("/made", "30Mi"))],
            containers: [
                container("main", scratch("/tmp", "200Mi"), scratch("/run/keys", "16Mi", true)),
                container("beside", scratch("/tmp", "50Mi")),
            ],
        },
    });
const declared = async (instance: Record<string, unknown> = {}) => (await declare(build, { instance })).objects;
const limits = async (instance: Record<string, unknown> = {}) => {
    const objects = await declared(instance);
    return Object.fromEntries(
        ["prepare", "main", "beside"].map((name) => {
            const { resources } = containerOf(objects, "Deployment", "worker", name);
            return [name, resources.limits["ephemeral-storage"]];
        }),
    );
};

describe("temporary directories", () => {
    it("have the largest size that one of their containers requires", async () => {
        const { volumes } = podOf(await declared(), "Deployment", "worker");
        expect(volumes).to.deep.equal([
            { name: "tmp", emptyDir: { sizeLimit: "200Mi" } },
            { name: "made", emptyDir: { sizeLimit: "30Mi" } },
            { name: "run-keys", emptyDir: { sizeLimit: "16Mi", medium: "Memory" } },
        ]);
    });
    it("are within the limit of each container, with its logs and what init containers leave behind", async () => {
        expect(await limits()).to.deep.equal({ prepare: "486Mi", main: "486Mi", beside: "456Mi" });
    });
    it("have the configured size, and the limit follows", async () => {
        const instance = { volumes: { "worker.tmp": { size: "1Gi" } } };
        const [tmp] = podOf(await declared(instance), "Deployment", "worker").volumes;
        expect(tmp).to.deep.equal({ name: "tmp", emptyDir: { sizeLimit: "1Gi" } });
        expect(await limits(instance)).to.deep.equal({ prepare: "1310Mi", main: "1310Mi", beside: "1280Mi" });
    });
    it("request a quarter of their limit, at most a gibibyte, or the configured value", async () => {
        const own = podOf(await declared(), "Deployment", "worker").containers as {
            resources: { requests: Record<string, string> };
        }[];
        // Directories shared by containers are requested once.
        expect(own.map(({ resources }) => resources.requests["ephemeral-storage"])).to.deep.equal(["122Mi", "64Mi"]);
        expect(["256Mi", "486Mi", "4Gi", "300Gi"].map(requestOf)).to.deep.equal(["64Mi", "122Mi", "1024Mi", "1024Mi"]);
        const { resources } = containerOf(
            await declared({ resources: { worker: { ephemeralStorage: "2Gi", ephemeralStorageRequest: "1Gi" } } }),
            "Deployment",
            "worker",
            "main",
        );
        expect(resources).to.deep.equal({
            requests: { cpu: "10m", memory: "64Mi", "ephemeral-storage": "1Gi" },
            limits: { memory: "64Mi", "ephemeral-storage": "2Gi" },
        });
    });
    for (const [what, instance, message] of [
        [
            "a limit below the sizes of its directories",
            { resources: { "worker.beside": { ephemeralStorage: "300Mi" } } },
            'resources.worker.beside.ephemeralStorage: "300Mi" is too little for the directories tmp and the logs; allowed: at least 456Mi',
        ],
        [
            "a request above the limit",
            { resources: { worker: { ephemeralStorageRequest: "1Gi" } } },
            "a request must not exceed its limit",
        ],
        [
            "directories that fill the memory",
            { volumes: { "worker.run-keys": { size: "64Mi" } } },
            'resources.worker.memory: "64Mi" is too little for its directories in memory; allowed: more than 64Mi',
        ],
        [
            "a size of 0, which would mean no limit",
            { volumes: { "worker.tmp": { size: "0" } } },
            'volumes.worker.tmp.size: "0" is not allowed; allowed: a quantity of whole bytes from 1Mi',
        ],
        [
            "a storage class",
            { volumes: { "worker.tmp": { storageClass: "fast" } } },
            "volumes.worker.tmp.storageClass: has no effect here",
        ],
        [
            "an unknown directory",
            { volumes: { "worker.tpm": { size: "1Gi" } } },
            'volumes.worker.tpm: matches nothing; did you mean "worker.tmp"?',
        ],
    ] as const)
        it(`refuse ${what}`, async () => {
            expect(await problemsOf(declared(instance))).to.include(message);
        });
    it("may have limits for the user's own containers", async () => {
        const { objects } = await declare(build, {
            instance: { limitRange: { cpu: "10m", memory: "64Mi", ephemeralStorage: "1Gi" } },
        });
        const range = objects.find(({ kind }) => kind === "LimitRange")!;
        expect(range["spec"].limits[0]).to.deep.include({
            default: { memory: "64Mi", "ephemeral-storage": "1Gi" },
            defaultRequest: { cpu: "10m", memory: "64Mi", "ephemeral-storage": "1Gi" },
        });
    });
});
