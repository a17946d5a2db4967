import { expect } from "chai";
import { componentOf } from "./cluster";
import type { Live } from "./live";
import { visitsText } from "./load";

/**
 * Empties a node. With two nodes, as an administrator does: `kubectl drain`. With one, it is closed for new pods and
 * one pod of each tier is evicted; they come back when it is opened again.
 */
export async function drain(live: Live): Promise<string[]> {
    const { place } = live;
    const nodes = await place.nodes();
    const node = nodes[0]!.metadata.name;
    const before = await place.pods();
    const counts = new Map<string, number>();
    for (const pod of before) {
        const component = componentOf(pod);
        counts.set(component, (counts.get(component) ?? 0) + 1);
    }
    const said: string[] = [];
    const visits = live.load();
    await place.kubectl("cordon", node);
    try {
        if (nodes.length > 1) {
            const budgets = ["--ignore-daemonsets", "--delete-emptydir-data", "--timeout=600s"];
            await place.kubectl("drain", node, "--pod-selector", "app.kubernetes.io/managed-by=plinth", ...budgets);
        } else {
            const doubled = [...counts].filter(([, count]) => count > 1).map(([component]) => component);
            for (const component of doubled) {
                let evicted = 0;
                // The first one's successor has no node: the budget keeps the others. Of a database's members, it may
                // keep the one that takes writes from the beginning.
                for (const { metadata } of await place.pods(component))
                    if (await place.evict(metadata.name)) evicted += 1;
                expect(evicted, `${component}: evicted of ${counts.get(component)} pods`).to.equal(1);
            }
            await visits.settle();
            const seen = await visits.stop();
            said.push(`one pod each of ${doubled.join(", ")} evicted: ${visitsText(seen)}`);
            const refused: string[] = [];
            for (const [component, count] of counts)
                if (count === 1 && !(await place.evict((await place.pods(component))[0]!.metadata.name)))
                    refused.push(component);
            // Members of one database share a budget: only one of them may be away.
            expect(refused.filter((component) => !/^database(-\d+)?$/.test(component))).to.deep.equal([]);
            if (refused.length > 0) said.push(`the budget kept ${refused.join(", ")}`);
        }
    } finally {
        await place.kubectl("uncordon", node);
    }
    const started = Date.now();
    for (const [component, count] of counts) await place.ready(component, count);
    said.push(`${[...counts.keys()].join(", ")} ready ${((Date.now() - started) / 1000).toFixed(0)} s after the node`);
    if (nodes.length > 1) said.push(visitsText(await visits.stop()));
    await live.expectKept();
    return said;
}
