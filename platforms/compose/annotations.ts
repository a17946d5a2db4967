import type { Conversion } from "./conversion";
import { looksSecret } from "./secrets";

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set */
const key = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Annotations of a pod: those of its services, and their labels, which may have any value. */
export function annotationsOf(conversion: Conversion, pod: string): Record<string, string> {
    const { services, source, notes } = conversion;
    return Object.assign(
        {},
        ...conversion.inPod(pod).map((service) => {
            const { labels = {}, annotations = {}, deploy } = services[service]!;
            const path = ["services", service];
            const told = (given: Readonly<Record<string, string>>, ...keys: readonly string[]) =>
                Object.fromEntries(
                    Object.entries(given).filter(([name]) => {
                        if (name.startsWith("kompose.")) return false;
                        const isKey = key.test(name);
                        if (!isKey)
                            notes.warn(
                                [...path, ...keys, name],
                                "is left out: it is no key of an annotation; allowed: [DOMAIN/]NAME with at most 63 letters, digits, '-', '_' and '.'",
                            );
                        return isKey;
                    }),
                );
            const open = (given: Readonly<Record<string, string>>, ...keys: readonly string[]) =>
                Object.fromEntries(
                    Object.entries(told(given, ...keys)).filter(([name]) => {
                        const isSecret = looksSecret(name) || source.texts[service]!.secretLabels.includes(name);
                        if (isSecret)
                            notes.warn(
                                [...path, ...keys, name],
                                "is left out: its value is secret, and annotations are not",
                            );
                        return !isSecret;
                    }),
                );
            return {
                ...open(deploy?.labels ?? {}, "deploy", "labels"),
                ...open(labels, "labels"),
                ...open(annotations, "annotations"),
            };
        }),
    ) as Record<string, string>;
}
