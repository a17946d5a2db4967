/** A workload that mounts a claim. */
export interface Mounting {
    /** Name of its component. */
    readonly workload: string;
    /** Whether a new pod of it may start while another one is running. */
    readonly surges: boolean;
    /** Whether it is bound to the node of all others with this claim. */
    readonly sharesNode: boolean;
}

interface Claim {
    readonly name: string;
    readonly takesTurns: boolean;
    readonly group: string;
    readonly users: Mounting[];
}

/**
 * Tracks the workloads that mount ReadWriteOnce claims of an instance. A second node would wait for the first to
 * unmount the volume, in a rollout that never ends without any message.
 */
export class Mounts {
    private readonly once = new Map<string, Claim>();

    /**
     * Registers a ReadWriteOnce claim.
     *
     * @param claim its final name
     * @param name its logical one
     * @param takesTurns whether its users ensure that only one of them runs
     * @param group of claims whose pods share one node. @default the claim alone
     */
    declare(claim: string, name: string, takesTurns: boolean, group = claim): void {
        this.once.set(claim, { name, takesTurns, group, users: [] });
    }

    /** What pods that share a node for a claim name. */
    groupOf(claim: string): string {
        return this.once.get(claim)?.group ?? claim;
    }

    /** @throws RangeError with what to do, if two pods with this claim may be on two nodes at once */
    add(claim: string, one: Mounting): void {
        const found = this.once.get(claim);
        if (!found) return;
        const { name, takesTurns, users } = found;
        users.push(one);
        const loose = users.filter(({ sharesNode }) => !sharesNode);
        const wants = `the claim "${name}" can be on one node at a time (ReadWriteOnce)`;
        const surging = loose.find(({ surges }) => surges);
        if (surging)
            throw new RangeError(
                `${wants}, and a rollout of "${surging.workload}" starts a pod while the old one still has it; ` +
                    `declare the tier as single, or the claim with sharedClaim and the pods with its shareNodeFor`,
            );
        if (users.length > 1 && loose.length > 0 && !takesTurns)
            throw new RangeError(
                `${wants}, and pods of ${users.map(({ workload }) => `"${workload}"`).join(" and ")} may be on two; ` +
                    `declare the claim with sharedClaim, and all of their pods with its shareNodeFor`,
            );
    }
}
