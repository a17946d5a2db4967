import type { Instance } from "../instance";
import type { Site } from "../site";

/** The sites of the names that the user adds to the instance's host. Reports names that it has already. */
export function furtherNames(instance: Instance, sites: readonly Site[]): Site[] {
    const { host, aliases, redirects } = instance.config;
    const main = sites.find((site) => site.host === host);
    if (!main) return [];
    const taken = new Set(sites.map((site) => site.host));
    const each = (key: "aliases" | "redirects", names: readonly string[], siteOf: (name: string) => Site) =>
        names.flatMap((name, index) => {
            if (taken.has(name)) {
                instance.problem([key, index], `"${name}" is already a host of this instance; allowed: another name`);
                return [];
            }
            taken.add(name);
            return [siteOf(name)];
        });
    return [
        ...each("aliases", aliases, (name) => ({ ...main, host: name })),
        ...each("redirects", redirects, (name) => ({ host: name, redirectTo: host, routes: [] })),
    ];
}
