import type { Value } from "../../config/value";
import type { Component } from "../component";
import type { Node } from "../graph";
import type { Instance } from "../instance";
import { type Text, wholeFile, wordsOf } from "../languages/text";
import type { Mount } from "../podArgs";
import { checkedPair } from "./certificate";
import { sharedName } from "./shared";
import type { Tenant } from "./site";
import { tlsOf } from "./tls";

/** Where the Secret with all certificates of `plinth:secrets` is mounted. */
const certificateFolder = "/etc/edge-certificates";
/** Where the users' own Secrets are mounted, with a directory for each instance. */
const ownCertificates = "/etc/edge-tls";

/** A certificate from `plinth:secrets`. */
export interface Pair {
    readonly tenant: Instance;
    readonly chain: Value<string>;
    readonly key: Value<string>;
}

/** The certificate that an instance has in `plinth:secrets`; none if it names its own Secret. */
export function pairOf(owner: Instance, { instance }: Tenant): Pair[] {
    const tls = tlsOf(instance);
    if (tls.mode === "custom" && tls.secretName) return [];
    const chain = instance.secretValue("tlsCertificate");
    const key = instance.secretValue("tlsKey");
    if (chain && key) return [{ tenant: instance, ...checkedPair(instance.name, chain, key) }];
    const missing = [...(chain ? [] : ["tlsCertificate" as const]), ...(key ? [] : ["tlsKey" as const])];
    instance.problem(
        ["tls"],
        `mode custom has no certificate; set secretName to a Secret of the namespace ${owner.namespace}, or: ${missing.map((secret) => instance.howToSet(secret)).join(" and ")}`,
        missing,
    );
    return [];
}

const ownSecretOf = (instance: Instance): string | undefined => {
    const tls = tlsOf(instance);
    return tls.mode === "custom" ? tls.secretName : undefined;
};

const words = wordsOf<"words">();

/** Where the reload script finds the custom certificate of an instance. */
export function certificateLine(instance: Instance): Text<"words"> {
    const { name } = instance;
    const folder = ownSecretOf(instance) ? `${ownCertificates}/${name}/tls` : `${certificateFolder}/${name}`;
    return words.text`${words.word(name)} ${words.word(`${folder}.crt`)} ${words.word(`${folder}.key`)}`;
}

/**
 * All certificates of `plinth:secrets` are in one Secret, which the shared balancer mounts even when it is empty, so
 * that no pod rolls for a new one. Only a user's own Secret is mounted separately; that of a stopped instance stays,
 * because its site still answers. Pods start without a missing one.
 */
export function certificateMounts(
    owner: Instance,
    component: Component,
    node: Node,
    pairs: readonly Pair[],
    custom: readonly Tenant[],
): Mount[] {
    const name = "edge-certificates";
    const values = Object.fromEntries(
        pairs.flatMap(({ tenant, chain, key }) => [
            [`${tenant.name}.crt`, chain],
            [`${tenant.name}.key`, key],
        ]),
    );
    const mounted = pairs.length > 0 || (owner.name === sharedName && owner.config.state === "running");
    if (mounted)
        // No empty map: the server drops it, and each run would add it again.
        owner.add(component, "Secret", name, pairs.length > 0 ? { stringData: values } : {}, { node, fixedName: true });
    const own = custom.flatMap(({ instance }): Mount[] => {
        const secret = ownSecretOf(instance);
        return secret ? [{ path: `${ownCertificates}/${instance.name}`, secret, optional: true }] : [];
    });
    return [...(mounted ? [{ path: certificateFolder, secret: owner.objectName(name) }] : []), ...own];
}

/**
 * The Secret with an instance's certificate for an ingress controller: the user's own, one made from `plinth:secrets`,
 * or the one that cert-manager fills.
 */
export function ingressSecret(
    owner: Instance,
    component: Component,
    node: Node,
    pairs: readonly Pair[],
    { instance }: Tenant,
): { secret?: string } {
    const name = owner === instance ? "edge-tls" : `edge-tls-${instance.name}`;
    if (tlsOf(instance).mode === "acme") return { secret: owner.objectName(name) };
    const own = ownSecretOf(instance);
    if (own) return { secret: own };
    const pair = pairs.find(({ tenant }) => tenant === instance);
    if (!pair) return {};
    const values = { "tls.crt": pair.chain.map(wholeFile), "tls.key": pair.key.map(wholeFile) };
    const options = { node, type: "kubernetes.io/tls", fixedName: true };
    return { secret: owner.secret(component, name, values, options)["tls.crt"].secret };
}
