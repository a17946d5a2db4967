import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { kinds, workloads } from "../../components/kinds";
import { types } from "../../components/resource";
import { targetOf } from "../cluster/kubectl";
import { irreplaceable } from "./losses";
import { streamOf } from "../render/manifests";
import { printOutputs } from "../engine/outputs";
import { prune } from "../cluster/prune";
import type { Rendering } from "../render/rendering";
import type { Session } from "../session";
import { sandboxFolder } from "./sandbox";

/**
 * Deploys a stack without the engine, if no Pulumi CLI is available: applies its objects in order with `kubectl apply`.
 *
 * For the sandbox only: drift is not detected, and nothing is protected. Objects that are no longer declared are
 * deleted unless they hold data.
 *
 * @throws UserError if an object is refused or does not become ready
 */
export async function applyToSandbox(session: Session): Promise<void> {
    console.error(
        pc.yellow(
            "The Pulumi CLI is not installed and could not be downloaded: the stack's objects are applied with kubectl instead.",
        ),
    );
    const rendering = await session.renderWith({ generated: passwords(await session.rendering()) });
    const kubectl = await session.kubectl();
    const apply = ["apply", "--server-side", "--filename", "-"];
    console.log(await kubectl.read(apply, streamOf(rendering, true)));
    // For example workloads of a stopped instance, ConfigMaps with old content.
    await prune(
        kubectl,
        rendering,
        Object.keys(kinds).filter((kind) => !irreplaceable.includes(kind)),
    );
    for (const object of rendering.objects.filter(({ kind }) => workloads.includes(kind))) {
        const { kind, metadata } = object;
        const target = [targetOf(object), "--namespace", metadata.namespace!, "--timeout=120s"];
        if (kind === "Job") await kubectl.read(["wait", "--for=condition=Complete", ...target]);
        else if (kind !== "CronJob") await kubectl.read(["rollout", "status", ...target]);
    }
    printOutputs(rendering.outputs);
}

const passwordFile = join(sandboxFolder, "generated.json");

/** Whether the sandbox was deployed without the engine. */
export const wasApplied = (): boolean => existsSync(passwordFile);

/** Generated values: created at the first launch and kept from then on, as in the engine's state. */
function passwords({ resources }: Rendering): Record<string, string> {
    const known = wasApplied() ? (JSON.parse(readFileSync(passwordFile, "utf8")) as Record<string, string>) : {};
    const made = resources.flatMap(({ type, name, inputs }) => {
        if (type === types.password) return [[name, known[name] ?? alphanumeric(inputs["length"] as number)]];
        if (type === types.privateKey) return [[name, known[name] ?? pem(inputs["rsaBits"] as number)]];
        return [];
    });
    const all = { ...known, ...(Object.fromEntries(made) as Record<string, string>) };
    writeFileSync(passwordFile, JSON.stringify(all), { mode: 0o600 });
    return all;
}

const alphanumeric = (length: number): string =>
    randomBytes(4 * length)
        .toString("base64")
        .replaceAll(/[^A-Za-z0-9]/g, "")
        .slice(0, length);

const pem = (modulusLength: number): string =>
    generateKeyPairSync("rsa", {
        modulusLength,
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs1", format: "pem" },
    }).privateKey;
