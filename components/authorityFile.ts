import { linesOf, type Text, wholeFile } from "./languages/text";

/** Key of a ConfigMap with certificates of authorities. */
export const authorityKey = "authorities.pem";

/** Contents of such a ConfigMap; undefined if no certificates are given. */
export function authorityData(
    bundles: readonly (string | undefined)[],
): { readonly [authorityKey]: Text<"value"> } | undefined {
    const given = bundles.filter((bundle) => bundle !== undefined);
    return given.length === 0
        ? undefined
        : { [authorityKey]: linesOf(given.map((bundle) => wholeFile(bundle.trimEnd()))) };
}
