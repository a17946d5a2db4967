import { publish } from "../../components/loadBalancer";
import { type Declared, definePlatform } from "../platform";
import { publicUrl } from "../publicUrl";
import { type ComposeConfig, type ComposeInstance, config } from "./config";
import { FileObjects } from "./configFiles";
import { checkBuilds } from "./checkBuilds";
import { checkNames } from "./checkNames";
import { Conversion } from "./conversion";
import { declareBackups } from "./dumps";
import { declareNetworks } from "./networks";
import { noteTexts } from "./notes";
import { checkRights } from "./permissions";
import { knownPorts, type KnownPorts } from "./ports";
import { checkPublished, declareOpened, openedPorts, routesOf, sitesOf, warnOfClosed } from "./published";
import { readSource, type Source } from "./source";
import { warnOfProject, warnOfService } from "./unsupported";
import { Volumes } from "./volumes";
import { Workload } from "./workload";
import { declareWorkloads } from "./workloads";

/**
 * Any Docker Compose project: each service is a workload with a Service for each of its names, networks are policies,
 * volumes are claims, and the edge serves what is published for browsers.
 *
 * The project is read whenever the configuration is, so that the Compose file stays the source.
 */
export const compose = definePlatform({ ...config, read: readSource, declare });

function declare(instance: ComposeInstance, settings: ComposeConfig, source: Source): Declared {
    const conversion = new Conversion(instance, settings, source);
    const { notes, services } = conversion;
    const required = source.lacking.filter(({ isRequired }) => isRequired);
    for (const { key, where } of new Map(required.map((one) => [one.key, one])).values())
        instance.problem(["file"], `${where}: the variable ${key} must have a value: ${instance.howToSet(key)}`, [key]);
    checkNames(conversion);
    checkBuilds(conversion);
    if (settings.volumeType === "hostPath" && instance.stack.config.stack !== "dev")
        instance.problem(
            ["volumeType"],
            `"hostPath" is for a local cluster of one node, in the stack "dev"; volumes.NAME.local is a folder of a node by name`,
        );
    for (const [name, service] of Object.entries(services)) {
        if (conversion.isTakenOver(name)) continue;
        checkRights(name, service, settings, notes);
        warnOfService(conversion, name);
    }
    warnOfProject(conversion);
    // What follows needs a project without these.
    notes.throwIfAny();
    declareNetworks(conversion);
    const ports = knownPorts(conversion);
    const routes = routesOf(conversion);
    const opened = openedPorts(conversion, (service) => ports(conversion.podOf(service)));
    for (const { service } of [...routes, ...opened])
        if (conversion.isTakenOver(service))
            notes.refuse(
                ["services", service, "x-plinth", "as"],
                "makes it a component of Plinth's, which is reached within the instance only; leave it out of routes, open and labels",
            );
    checkPublished(conversion, opened);
    const volumes = new Volumes(conversion, new FileObjects(conversion));
    const workloads = declareWorkloads(conversion, {
        volumes,
        ports: (pod) =>
            withRoutes(
                ports(pod),
                routes.filter(({ service }) => conversion.podOf(service) === pod),
            ),
        opened: (pod) => opened.filter(({ service }) => conversion.podOf(service) === pod),
    });
    declareBackups(conversion, workloads, volumes);
    for (const [pod, workload] of workloads)
        if (workload instanceof Workload)
            declareOpened(
                conversion,
                workload,
                opened.filter(({ service }) => conversion.podOf(service) === pod),
            );
    warnOfClosed(conversion, routes, opened);
    notes.throwIfAny();
    for (const warning of noteTexts(notes.warnings)) instance.warn(warning);
    publish(instance, sitesOf(conversion, routes, workloads));
    return {
        urls: Object.fromEntries(
            [...new Set([settings.host, ...routes.map(({ host }) => host)])].map((host, index) => [
                index === 0 ? "site" : host,
                `${publicUrl(instance, host)}/`,
            ]),
        ),
    };
}

/** Ports that only a route names are ports of the pod, too. */
const withRoutes = ({ tcp, udp }: KnownPorts, routes: readonly { readonly port: number }[]): KnownPorts => ({
    tcp: [...new Set([...tcp, ...routes.map(({ port }) => port)])].sort((a, b) => a - b),
    udp,
});
