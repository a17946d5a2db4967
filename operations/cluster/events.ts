import { UserError } from "../system/errors";
import type { Kubectl } from "./kubectl";
import type { Event, List, Live } from "./live";

type Reader = Pick<Kubectl, "json">;

/**
 * Warnings of controllers and kubelets, which the server keeps for an hour by default. Namespaces whose events may not
 * be listed have none.
 */
export const warningsIn = (kubectl: Reader, namespaces: ReadonlySet<string>): Promise<Event[]> =>
    eventsIn(kubectl, namespaces, "type=Warning");

/** Events about claims: that no volume can be found for one is no warning to Kubernetes. */
export const claimEventsIn = (kubectl: Reader, namespaces: ReadonlySet<string>): Promise<Event[]> =>
    eventsIn(kubectl, namespaces, "involvedObject.kind=PersistentVolumeClaim");

async function eventsIn(kubectl: Reader, namespaces: ReadonlySet<string>, selector: string): Promise<Event[]> {
    const lists = await Promise.all(
        [...namespaces].map(async (namespace) => {
            const args = ["get", "events", "--namespace", namespace, "--field-selector", selector];
            try {
                return (await kubectl.json<List<Event>>(args)).items;
            } catch (error) {
                if (error instanceof UserError) return [];
                throw error;
            }
        }),
    );
    return lists.flat();
}

/** RFC 3339. */
export const timeOf = (event: Event): string =>
    event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;

/**
 * The message of the newest event about an object, on one line.
 *
 * @param isMeant by the event's reason
 */
export function newestAbout(
    events: readonly Event[],
    { kind, metadata }: Live,
    isMeant: (reason: string) => boolean,
): string | undefined {
    const own = events.filter(
        ({ involvedObject: of, reason }) =>
            of.kind === kind &&
            of.namespace === metadata.namespace &&
            of.name === metadata.name &&
            // Members of StatefulSets have the names of those that they replace.
            (of.uid === undefined || metadata.uid === undefined || of.uid === metadata.uid) &&
            isMeant(reason ?? ""),
    );
    return own
        .sort((a, b) => timeOf(a).localeCompare(timeOf(b)))
        .at(-1)
        ?.message.trim()
        .replaceAll(/\s*\n\s*/g, " ");
}
