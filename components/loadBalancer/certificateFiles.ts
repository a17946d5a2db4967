import type { TlsConfig } from "../../config/edge";
import type { Value } from "../../config/value";
import type { Component } from "../component";
import type { Node } from "../graph";
import type { Instance } from "../instance";
import { type Text, wholeFile, wordsOf } from "../languages/text";
import type { Mount } from "../podArgs";
import { checkedPair } from "./certificate";
import { sharedName } from "./edgeNames";
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
export function pairOf(owner: Instance, { instance, sites }: Tenant): Pair[] {
    const tls = tlsOf(instance);
    if (tls.mode !== "custom" || tls.secretName) return [];
    const chain = instance.secretValue("tlsCertificate");
    const key = instance.secretValue("tlsKey");
    if (chain && key)
        return [
            {
                tenant: instance,
                ...checkedPair(
                    instance.name,
                    sites.map(({ host }) => host),
                    chain,
                    key,
                ),
            },
        ];
    const missing = [...(chain ? [] : ["tlsCertificate" as const]), ...(key ? [] : ["tlsKey" as const])];
    instance.problem(
        ["tls"],
        `mode custom has no certificate; set secretName to a Secret of the namespace ${owner.namespace}, or: ${missing.map((secret) => instance.howToSet(secret)).join(" and ")}`,
        missing,
    );
    return [];
}

/** Whether the certificate is a pair of files that Caddy does not obtain itself. */
export const hasFiles = ({ mode }: TlsConfig): boolean => mode === "custom" || mode === "certManager";

/** Name of a Secret with an instance's certificate that Plinth does not write: the user's own, or cert-manager's. */
function ownSecretOf(owner: Instance, instance: Instance): string | undefined {
    const tls = tlsOf(instance);
    if (tls.mode === "certManager") return owner.objectName(tlsName(owner, instance));
    return tls.mode === "custom" ? tls.secretName : undefined;
}

const tlsName = (owner: Instance, { name }: Instance): string =>
    owner.name === name ? "edge-tls" : `edge-tls-${name}`;

/**
 * Asks cert-manager for the certificate of an instance with `tls.mode: certManager`.
 * https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate
 */
export function requestCertificate(owner: Instance, component: Component, { instance, sites }: Tenant): void {
    const tls = tlsOf(instance);
    if (tls.mode !== "certManager") return;
    const name = tlsName(owner, instance);
    const spec = {
        secretName: owner.objectName(name),
        dnsNames: sites.map(({ host }) => host),
        issuerRef: tls.issuer,
        // The default from cert-manager 1.18 on: a key that never changes is a risk that nothing asks for.
        privateKey: { rotationPolicy: "Always" },
    };
    const certificate = { apiVersion: "cert-manager.io/v1", kind: "Certificate", labels: {}, spec };
    owner.objects.addCustom(component, name, certificate, { lifetime: "address" });
}

const words = wordsOf<"words">();

/** Where the reload script finds the custom certificate of an instance. */
export function certificateLine(owner: Instance, instance: Instance): Text<"words"> {
    const { name } = instance;
    const folder = ownSecretOf(owner, instance) ? `${ownCertificates}/${name}/tls` : `${certificateFolder}/${name}`;
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
        const secret = ownSecretOf(owner, instance);
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
    const name = tlsName(owner, instance);
    if (tlsOf(instance).mode === "acme") return { secret: owner.objectName(name) };
    const own = ownSecretOf(owner, instance);
    if (own) return { secret: own };
    const pair = pairs.find(({ tenant }) => tenant === instance);
    if (!pair) return {};
    const values = { "tls.crt": pair.chain.map(wholeFile), "tls.key": pair.key.map(wholeFile) };
    const options = { node, type: "kubernetes.io/tls", fixedName: true };
    return { secret: owner.secret(component, name, values, options)["tls.crt"].secret };
}
