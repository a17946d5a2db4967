import { Value } from "../config/value";
import { type DnsRecord, dnsRecords, zoneLines } from "./dns";
import { picture, type SecretRef } from "./graph";
import type { Instance } from "./instance";
import { addressesOf } from "./loadBalancer";
import type { Stack } from "./stack";
import type { VolumeOutputs } from "./volume";

/** A platform's description of a declared instance. */
export interface Deployed {
    /** Public URLs by purpose: `shop`, `admin`. */
    readonly urls: Readonly<Record<string, string>>;
    /** All host names that must resolve to the edge. */
    readonly hosts: readonly string[];
    /** The first user, and where the password is. */
    readonly firstLogin?: { readonly user: string; readonly password: SecretRef };
}

export interface InstanceOutputs {
    readonly platform: string;
    readonly state: string;
    readonly namespace: string;
    readonly urls: Readonly<Record<string, string>>;
    readonly images: Readonly<Record<string, string>>;
    readonly volumes: Readonly<Record<string, VolumeOutputs>>;
    /** Command that prints the first password. The password itself stays in its Secret. */
    readonly firstPassword?: string;
}

export interface StackOutputs {
    readonly instances: Readonly<Record<string, InstanceOutputs>>;
    readonly dns: Value<{ records: DnsRecord[]; zone: string; pending: string[] }>;
    readonly warnings: readonly string[];
    readonly readme: Value<string>;
}

/**
 * The stack's outputs: what users and scripts need after `up`.
 */
export function stackOutputs(
    stack: Stack,
    deployed: readonly { readonly instance: Instance; readonly result: Deployed }[],
    sharedEdge: Instance | undefined,
): StackOutputs {
    const instances = Object.fromEntries(
        deployed.map(({ instance, result }) => [instance.name, instanceOutputs(instance, result)]),
    );
    const published = deployed.filter(({ instance }) => instance.config.state !== "removed");
    const dns = Value.all(published.map(({ instance }) => addressesOf(instance, sharedEdge))).map((all) => {
        const reached = published.map(({ result }, index) => ({
            // Names below localhost always resolve to the local machine (RFC 6761).
            hosts: result.hosts.filter((host) => !/(^|\.)localhost$/.test(host)),
            addresses: all[index]!,
        }));
        const records = reached.flatMap(({ hosts, addresses }) => dnsRecords(hosts, addresses));
        const pending = reached.filter(({ addresses }) => addresses.length === 0).flatMap(({ hosts }) => hosts);
        return { records, zone: zoneLines(records), pending };
    });
    const pictures = deployed.map(({ instance }) => picture(stack.graph, [instance.namespace]));
    return {
        instances,
        dns,
        warnings: stack.warnings,
        readme: dns.map(({ zone, pending }) =>
            readme(`${stack.config.project}/${stack.config.stack}`, instances, zone, pending, pictures),
        ),
    };
}

function instanceOutputs(instance: Instance, { urls, firstLogin }: Deployed): InstanceOutputs {
    const { secret, key } = firstLogin?.password ?? {};
    return {
        platform: instance.config.platform,
        state: instance.config.state,
        namespace: instance.namespace,
        urls,
        images: instance.images,
        volumes: instance.volumes,
        ...(secret
            ? {
                  firstPassword: `kubectl --namespace ${instance.namespace} get secret ${secret} --output go-template='{{ index .data "${key}" | base64decode }}'`,
              }
            : {}),
    };
}

function readme(
    name: string,
    instances: Readonly<Record<string, InstanceOutputs>>,
    zone: string,
    pending: readonly string[],
    pictures: readonly string[],
): string {
    const sections = Object.entries(instances).map(([instance, outputs], index) => {
        const urls = Object.entries(outputs.urls).map(([what, url]) => `- ${what}: <${url}>`);
        const volumes = Object.entries(outputs.volumes).map(
            ([volume, { size, storageClass, source }]) => `| ${volume} | ${size} | ${source ?? storageClass} |`,
        );
        return [
            `## ${instance} (${outputs.platform}, ${outputs.state})`,
            `Namespace \`${outputs.namespace}\`.`,
            urls.join("\n"),
            outputs.firstPassword ? `First password:\n\n\`\`\`sh\n${outputs.firstPassword}\n\`\`\`` : "",
            volumes.length > 0 ? `| volume | size | class or source |\n| --- | --- | --- |\n${volumes.join("\n")}` : "",
            `\`\`\`mermaid\n${pictures[index]}\`\`\``,
        ];
    });
    const dns = [
        "## DNS",
        zone === "" ? "No address is known yet." : `\`\`\`\n${zone}\`\`\``,
        pending.length > 0 ? `Hosts without an address yet: ${pending.join(", ")}.` : "",
    ];
    return `${[`# ${name}`, ...sections.flat(), ...dns].filter((part) => part !== "").join("\n\n")}\n`;
}
