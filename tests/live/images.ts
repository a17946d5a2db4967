import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../support/tools";
import { LiveNamespace, restricted, waitFor } from "./cluster";
import type { Live } from "./live";

interface WaitingPod {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly containers: readonly { readonly image: string }[] };
    readonly status: {
        readonly containerStatuses?: readonly {
            readonly state: { readonly waiting?: { readonly reason: string } };
        }[];
    };
}

/** Reasons of the kubelet for a container whose image it does not have yet. */
const coming = ["ContainerCreating", "PodInitializing", "Pulling"];
const missing = ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "RegistryUnavailable"];

/**
 * Has every image of the stack pulled before anything is deployed.
 *
 * @returns their references
 * @throws with the images that the cluster cannot get, and how to make them
 */
export async function pullImages(live: Live): Promise<string[]> {
    const { path, clean } = scratch();
    await live.plinth("render", live.stack, "--out", join(path, "rendered"));
    const texts = readdirSync(join(path, "rendered"), { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".yaml"))
        .map((file) => readFileSync(join(path, "rendered", file), "utf8"));
    clean();
    const images = [
        ...new Set(
            texts.flatMap((text) => [...text.matchAll(/^\s*(?:- )?image(?:Name)?: (\S+)$/gm)].map(([, one]) => one!)),
        ),
    ];
    const namespace = `${live.place.name}-images`;
    const place = new LiveNamespace(live.cluster, namespace);
    await place.apply(
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        ...images.map((image, index) => ({
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: `image-${index}`, namespace },
            spec: {
                restartPolicy: "Never",
                automountServiceAccountToken: false,
                securityContext: restricted.pod,
                containers: [{ name: "image", image, command: ["true"], securityContext: restricted.container }],
            },
        })),
    );
    try {
        let lacking: string[] = [];
        await waitFor("pulled images", 900, async () => {
            const { items } = JSON.parse(await place.kubectl("get", "pods", "--output", "json")) as {
                items: WaitingPod[];
            };
            const reasons = items.map(({ spec, status }) => ({
                image: spec.containers[0]!.image,
                reason: status.containerStatuses
                    ? (status.containerStatuses[0]!.state.waiting?.reason ?? "there")
                    : "ContainerCreating",
            }));
            lacking = reasons.filter(({ reason }) => missing.includes(reason)).map(({ image }) => image);
            return !reasons.some(({ reason }) => coming.includes(reason));
        });
        if (lacking.length > 0)
            throw new Error(
                `The cluster cannot get ${lacking.join(", ")}. The project's own images: on a local cluster (kind, minikube, k3d) add ` +
                    "--build; for another, push them (plinth images push) and give plinth:images.registry with --stack FILE.",
            );
        return images;
    } finally {
        await place.kubectl("delete", "namespace", namespace, "--wait=false");
    }
}
