import pc from "picocolors";
import { podOf } from "../../components/references";
import { parseQuantity } from "../../config/quantity";
import { groupBy } from "../system/groupBy";
import type { RenderedObject, Rendering } from "../render/rendering";
import { requestsOf, sum, times } from "../render/requests";
import { cores, count, gibibytes, table } from "../system/text";

/** Objects by instance and component, with their sizes; then hosts, DNS and warnings. */
export function previewText({ stack, objects, outputs }: Rendering): string {
    const names = Object.keys(outputs.instances);
    const parts = [
        `${pc.bold(stack)}: ${count(objects.length, "object")} in ${count(names.length, "instance")}${names.length > 1 ? `: ${names.join(", ")}` : ""}`,
    ];
    for (const [namespace, own] of groupBy(objects, (object) =>
        object.kind === "Namespace" ? object.metadata.name : (object.metadata.namespace ?? ""),
    )) {
        const [name, instance] =
            Object.entries(outputs.instances).find(([, candidate]) => candidate.namespace === namespace) ?? [];
        parts.push(
            instance
                ? `\n${pc.bold(name!)}  ${instance.platform}, ${instance.state}, namespace ${namespace}`
                : `\n${pc.bold(namespace)}`,
        );
        for (const [component, members] of groupBy(
            own,
            (object) => object.metadata.labels?.["app.kubernetes.io/name"] ?? "namespace",
        )) {
            parts.push(
                `  ${component}`,
                ...members.map((object) => `    ${object.kind.padEnd(24)}${object.metadata.name}${detail(object)}`),
            );
        }
        if (instance) {
            const urls = Object.entries(instance.urls).map(([what, url]) => `  ${what.padEnd(26)}${url}`);
            if (urls.length > 0) parts.push("", ...urls);
        }
    }
    parts.push("", ...totals(objects));
    const { records, pending } = outputs.dns;
    if (records.length > 0)
        parts.push(
            "",
            table(
                ["dns record", "type", "value"],
                records.map(({ name, type, value }) => [name, type, value]),
            ),
        );
    if (pending.length > 0)
        parts.push("", "DNS records to create once the edge has an address:", ...pending.map((host) => `  ${host}`));
    if (outputs.warnings.length > 0)
        parts.push("", ...outputs.warnings.map((warning) => `${pc.yellow("warning")} ${warning}`));
    return `${parts.join("\n")}\n`;
}

interface PodSpec {
    readonly containers: readonly {
        readonly image: string;
    }[];
}

const containersOf = (object: RenderedObject) => (podOf(object) as PodSpec | undefined)?.containers ?? [];

function detail(object: RenderedObject): string {
    const spec = (object["spec"] ?? {}) as Record<string, unknown>;
    const notes: string[] = [];
    if (object.kind === "PersistentVolumeClaim")
        notes.push((spec["resources"] as { requests: { storage: string } }).requests.storage);
    if (typeof spec["replicas"] === "number") notes.push(`×${spec["replicas"]}`);
    if (object.kind === "HorizontalPodAutoscaler") notes.push(`×${spec["minReplicas"]}–${spec["maxReplicas"]}`);
    if (object.kind === "Service" && spec["type"]) notes.push(String(spec["type"]));
    if (typeof spec["schedule"] === "string") notes.push(spec["schedule"]);
    notes.push(...new Set(containersOf(object).map(({ image }) => image)));
    return notes.length > 0 ? pc.dim(`  ${notes.join(", ")}`) : "";
}

/** Total requests of permanently running pods, and total size of volumes. */
function totals(objects: readonly RenderedObject[]): string[] {
    const { cpu, memory } = sum(requestsOf(objects).map((requested) => times(requested, requested.pods)));
    const storage = objects
        .filter(({ kind }) => kind === "PersistentVolumeClaim")
        .map(({ spec }) =>
            parseQuantity((spec as { resources: { requests: { storage: string } } }).resources.requests.storage),
        )
        .reduce((total, bytes) => total + bytes, 0);
    return [
        `Minimum requested: ${cores(cpu)} CPU cores, ${gibibytes(memory)} of memory, ${gibibytes(storage)} on volumes.`,
    ];
}
