import type { Facts } from "./facts";

/** Origins of what people see. */
export function urls({ scheme, hosts }: Pick<Facts, "scheme" | "hosts">) {
    return {
        lms: `${scheme}://${hosts.lms}`,
        studio: `${scheme}://${hosts.studio}`,
        mfe: `${scheme}://${hosts.mfe}`,
    };
}

/** Who issues the tokens: the LMS. */
export const issuer = (facts: Pick<Facts, "scheme" | "hosts">): string => `${urls(facts).lms}/oauth2`;

/** A host without its port. */
export const hostOf = (address: string): string => address.replace(/:\d+$/, "");
