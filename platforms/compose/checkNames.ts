import { tasks } from "../../components/backup/contract";
import { edgeName } from "../../components/loadBalancer";
import type { Conversion } from "./conversion";
import { serviceLabel } from "./names";
import { declaredPorts } from "./ports";

/**
 * Refuses names that the instance has for something of its own, names that two networks would have, those of no service,
 * and ports that two containers of a pod have.
 */
export function checkNames(conversion: Conversion): void {
    const { source, services, notes } = conversion;
    for (const pod of new Set(Object.keys(services).map((service) => conversion.podOf(service)))) {
        const taken = new Map<string, string>();
        for (const member of conversion.inPod(pod))
            for (const { port, protocol } of declaredPorts(services[member]!)) {
                const other = taken.get(`${port}/${protocol}`) ?? member;
                taken.set(`${port}/${protocol}`, other);
                if (other !== member)
                    notes.refuse(
                        ["services", member],
                        `has port ${port}/${protocol}, and ${other} in the same pod, too; change one of them`,
                    );
            }
    }
    const networks = new Map<string, string>();
    for (const name of Object.keys(source.loaded.project.networks ?? {})) {
        const other = networks.get(serviceLabel(name));
        networks.set(serviceLabel(name), other ?? name);
        if (other !== undefined)
            notes.refuse(
                ["networks", name],
                `would be called "${serviceLabel(name)}" in the cluster, as ${other} is; rename one`,
            );
    }
    const known = { ...services, ...source.loaded.disabledServices };
    for (const name of Object.keys(conversion.settings.allow))
        if (!known[name])
            conversion.instance.problem(
                ["allow", name],
                `is not a service of the project; allowed: ${Object.keys(known).join(", ")}`,
            );
    const ofBackups: readonly string[] = conversion.settings.backup ? Object.values(tasks) : [];
    for (const { label, path, written } of source.names)
        if (ofBackups.includes(label))
            notes.refuse(path, `"${written}" is the name of a task of the instance's backups; choose another one`);
        else if (label === edgeName)
            notes.refuse(path, `"${written}" is the name of the instance's balancer; choose another one`);
}
