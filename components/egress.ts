import type { AnyInstance } from "../config/stack";
import type { NetworkRule } from "./graph";

/** What one entry of an instance's `egress` opens for pods with the platform's code. */
export function egressRule({ ports = [], cidrs, namespace }: AnyInstance["egress"][number]): NetworkRule {
    const destination = namespace === undefined ? (cidrs ? { cidrs } : {}) : { namespace };
    return { name: "egress", direction: "egress", ports, ...destination };
}
