import { tasks } from "../../components/backup/contract";
import { edgeName } from "../../components/loadBalancer";
import type { Conversion } from "./conversion";
import { declaredPorts } from "./ports";

/** Refuses names that the instance has for something of its own, and ports that two containers of a pod have. */
export function checkNames(conversion: Conversion): void {
    const { source, services, notes } = conversion;
    for (const pod of new Set(Object.keys(services).map((service) => conversion.podOf(service)))) {
        const taken = new Map<number, string>();
        for (const member of conversion.inPod(pod))
            for (const { port } of declaredPorts(services[member]!)) {
                const other = taken.get(port) ?? member;
                taken.set(port, other);
                if (other !== member)
                    notes.refuse(
                        ["services", member],
                        `has port ${port}, and ${other} in the same pod, too; change one of them`,
                    );
            }
    }
    const ofBackups: readonly string[] = conversion.settings.backup ? Object.values(tasks) : [];
    for (const { label, path, written } of source.names)
        if (ofBackups.includes(label))
            notes.refuse(path, `"${written}" is the name of a task of the instance's backups; choose another one`);
        else if (label === edgeName)
            notes.refuse(path, `"${written}" is the name of the instance's balancer; choose another one`);
}
