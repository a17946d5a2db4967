import type { ServicePort } from "kubernetes-types/core/v1";
import pc from "picocolors";
import { suggest } from "../../config/problems";
import { freePort, isFree } from "../../sandbox/ports";
import { example, type Register } from "../command";
import { componentOf, findComponent, fullName } from "../../operations/cluster/components";
import { UserError } from "../../operations/system/errors";
import type { Service } from "../../operations/cluster/live";
import type { Outputs } from "../../operations/engine/outputs";
import { knownOutputs } from "../../operations/status/knownOutputs";
import { openSession, refuseSandbox } from "../../operations/launch/sandbox";

interface OpenOptions {
    readonly port?: string;
    readonly service?: string;
}

export const open: Register = (program) => {
    example(
        program
            .command("open")
            .description("Forward a local port to a component, until Ctrl-C.\n\nUses kubectl port-forward.")
            .argument("<component>", "database, edge …; shop/database if several instances have one")
            .argument("[stack]", "launched stack", "dev")
            .option("-p, --port <local>", "port on this machine (default: the Service's, or a free one)")
            .option(
                "-s, --service-port <name>",
                "port of the Service, by name or number (default: https, or the first)",
            )
            .action((target: string, stack: string, options: { port?: string; servicePort?: string }) =>
                forward(target, stack, {
                    ...(options.port === undefined ? {} : { port: options.port }),
                    ...(options.servicePort === undefined ? {} : { service: options.servicePort }),
                }),
            ),
        "open database production --port 3307",
        "open edge",
    );
};

async function forward(target: string, stack: string, options: OpenOptions): Promise<void> {
    const session = await openSession(stack);
    refuseSandbox(session, "Nothing was opened");
    const kubectl = await session.kubectl();
    const { component, objects } = await findComponent(kubectl, target, "services");
    // Of those that an operator makes, the one that leads to the server that takes writes.
    const service = (objects.find(({ metadata }) => metadata.name.endsWith("-rw")) ?? objects[0]) as Service;
    const port = choosePort(service, options.service);
    const local = await localPort(port.port, options.port);
    console.log(pc.bold(`${fullName(component)}: 127.0.0.1:${local}`));
    if (port.name === "http" || port.name === "https")
        for (const line of webAddresses((await knownOutputs(session)).outputs, component.instance, port.name, local))
            console.log(line);
    process.exitCode = await kubectl.attach([
        "port-forward",
        "--namespace",
        service.metadata.namespace,
        `service/${service.metadata.name}`,
        `${local}:${port.port}`,
    ]);
}

/**
 * The port of a Service to forward to: the requested one, else the encrypted one, else the first.
 *
 * @throws UserError that lists the available ports; UDP cannot be forwarded
 */
export function choosePort(service: Service, wanted?: string): ServicePort {
    const all = (service.spec.ports ?? []).filter(({ protocol }) => (protocol ?? "TCP") === "TCP");
    const names = all.map(({ name, port }) => name ?? String(port));
    const chosen =
        wanted === undefined
            ? (all.find(({ name }) => name === "https") ?? all[0])
            : all.find(({ name, port }) => name === wanted || String(port) === wanted);
    if (chosen) return chosen;
    const what = wanted === undefined ? "no TCP port" : `no port "${wanted}"${suggest(wanted, names)}`;
    throw new UserError(`${fullName(componentOf(service))} has ${what}; available: ${names.join(", ") || "none"}`);
}

/**
 * The local port: the requested one, else the Service's own, plus 8000 if it is privileged, or any free port if that is
 * in use.
 */
async function localPort(port: number, wanted?: string): Promise<number> {
    if (wanted === undefined) {
        const usual = port < 1024 ? port + 8000 : port;
        return (await isFree(usual)) ? usual : freePort();
    }
    const number = Number(wanted);
    if (!/^\d+$/.test(wanted) || number < 1 || number > 65535)
        throw new UserError(`--port "${wanted}" is not allowed; allowed: a number from 1 to 65535`);
    if (!(await isFree(number)))
        throw new UserError(
            `Port ${number} of this machine is not available: it is in use or privileged. Choose another.`,
        );
    return number;
}

/** Local URLs of the sites that an edge serves, or of another component's page. */
export function webAddresses(
    outputs: Pick<Outputs, "instances">,
    instance: string,
    scheme: "http" | "https",
    local: number,
): string[] {
    // The shared load balancer counts as a separate instance.
    const own = outputs.instances[instance];
    const served = own ? [own] : Object.values(outputs.instances);
    return served.flatMap(({ urls }) =>
        Object.entries(urls).map(([what, url]) => {
            const { hostname, host, pathname } = new URL(url);
            const address = `${scheme}://${hostname}:${local}${pathname}`;
            // Names below localhost always resolve to this machine (RFC 6761).
            if (/(^|\.)localhost$/.test(hostname)) return `  ${what.padEnd(10)}${address}`;
            return `  ${what.padEnd(10)}curl --resolve ${hostname}:${local}:127.0.0.1 --header 'Host: ${host}' ${address}`;
        }),
    );
}
