import { edgeName } from "../../components/loadBalancer";
import type { Conversion } from "./conversion";

/** Refuses names that the instance has for something of its own. */
export function checkNames({ source, notes }: Conversion): void {
    for (const { label, path, written } of source.names)
        if (label === edgeName)
            notes.refuse(path, `"${written}" is the name of the instance's balancer; choose another one`);
}
