import type { Path } from "../../compose";
import type { Conversion } from "./conversion";
import { actedUpon } from "./counterparts";
import type { Notes } from "./notes";
import { hasSecret, looksSecret } from "./secrets";

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set */
const key = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

type Labels = Readonly<Record<string, string>>;

/** Annotations of a pod: those of its services, and their labels, which may have any value. */
export function annotationsOf(conversion: Conversion, pod: string): Record<string, string> {
    const { services, source, notes } = conversion;
    return Object.assign(
        {},
        ...conversion.inPod(pod).map((service) => {
            const { labels = {}, annotations = {}, deploy } = services[service]!;
            const { secretLabels } = source.texts[service]!;
            const open = (given: Labels, ...keys: readonly string[]) =>
                openAnnotations(notes, ["services", service, ...keys], given, secretLabels);
            return {
                ...open(ownLabels(deploy?.labels), "deploy", "labels"),
                ...open(ownLabels(labels), "labels"),
                ...open(annotations, "annotations"),
            };
        }),
    ) as Record<string, string>;
}

/** Without those of Kompose and of other programs, which have warnings of their own. */
const ownLabels = (labels: Labels = {}): Labels =>
    Object.fromEntries(
        Object.entries(labels).filter(([name]) => !name.startsWith("kompose.") && !actedUpon.test(name)),
    );

/**
 * Labels as annotations: without those that are no annotations, or secret, with a warning for each.
 *
 * @param path of the labels
 * @param secret labels whose values have passwords of the project
 */
export function openAnnotations(
    notes: Notes,
    path: Path,
    given: Labels,
    secret: readonly string[] = [],
): Record<string, string> {
    const reasonFor = (name: string, value: string): string | undefined => {
        if (!key.test(name))
            return "it is no key of an annotation; allowed: [DOMAIN/]NAME with at most 63 letters, digits, '-', '_' and '.'";
        if (looksSecret(name) || /basic-?auth/i.test(name) || secret.includes(name) || hasSecret(value))
            return "its value is secret, and annotations are not";
        return undefined;
    };
    return Object.fromEntries(
        Object.entries(given).filter(([name, value]) => {
            const reason = reasonFor(name, value);
            if (reason !== undefined) notes.warn([...path, name], `is left out: ${reason}`);
            return reason === undefined;
        }),
    );
}
