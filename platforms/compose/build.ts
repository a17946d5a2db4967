import type { LoadedProject, Path, Service } from "../../compose";
import type { BakeTarget } from "../../config/images";
import { imageName } from "./images";
import type { Notes } from "./notes";
import { markersIn } from "./secrets";

type Build = NonNullable<Service["build"]>;

/** Keys of `build` without a counterpart, each with the reason. */
const without: Partial<Readonly<Record<keyof Build, string>>> = {
    isolation: "is for Windows",
    privileged: "buildx has no such builds; use entitlements: [security.insecure]",
};

/** A build as a target for `docker buildx bake`: https://docs.docker.com/build/bake/reference/ */
export function bakeTarget(loaded: LoadedProject, service: string, notes: Notes): BakeTarget {
    const build = loaded.project.services[service]!.build!;
    const path: Path = ["services", service, "build"];
    for (const [key, reason] of Object.entries(without))
        if (build[key as keyof Build] !== undefined) notes.warn([...path, key], `has no counterpart: ${reason}`);
    for (const [name, value] of Object.entries(build.args ?? {}))
        for (const key of markersIn(value ?? ""))
            notes.refuse(
                [...path, "args", name],
                `has the value of ${key} in plinth:secrets, which would be in the image; use build.secrets`,
            );
    const attest = [...attestation("provenance", build.provenance), ...attestation("sbom", build.sbom)];
    return {
        ...given("context", build.context),
        ...given("dockerfile", build.dockerfile_inline === undefined ? build.dockerfile : undefined),
        ...given("dockerfile-inline", build.dockerfile_inline),
        ...given("target", build.target),
        ...given("args", build.args),
        ...given("labels", build.labels),
        ...given("contexts", build.additional_contexts && contextsOf(build.additional_contexts)),
        ...given("cache-from", build.cache_from),
        ...given("cache-to", build.cache_to),
        ...given("no-cache", build.no_cache),
        ...given("no-cache-filter", build.no_cache_filter),
        ...given("pull", build.pull),
        ...given("network", build.network),
        ...given("extra-hosts", build.extra_hosts && Object.fromEntries(build.extra_hosts.map(hostPair))),
        ...given("shm-size", build.shm_size),
        ...given("ulimits", build.ulimits && Object.entries(build.ulimits).map(([name, one]) => limitOf(name, one))),
        ...given("entitlements", build.entitlements),
        ...given("platforms", build.platforms),
        ...given(
            "ssh",
            build.ssh?.map((key) => key.replace(/: /, "=")),
        ),
        ...given("secret", build.secrets && secretsOf(loaded, build.secrets, path, notes)),
        ...given("attest", attest.length > 0 ? attest : undefined),
        ...given("tags", build.tags),
    };
}

const given = <T>(key: string, value: T | undefined): Record<string, T> =>
    value === undefined ? {} : { [key]: value };

const contextsOf = (contexts: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
        Object.entries(contexts).map(([name, from]) => {
            const [, service] = /^service:(.+)$/.exec(from) ?? [];
            return [name, service === undefined ? from : `target:${imageName(service)}`];
        }),
    );

const hostPair = (pair: string): [string, string] => {
    const [host = "", address = ""] = pair.split(/=(.*)/s);
    return [host, address];
};

const limitOf = (name: string, limit: number | { readonly soft: number; readonly hard: number }): string =>
    typeof limit === "number" ? `${name}=${limit}` : `${name}=${limit.soft}:${limit.hard}`;

function attestation(type: string, value: string | undefined): string[] {
    if (value === undefined) return [];
    if (value === "false") return [`type=${type},disabled=true`];
    return [value === "true" ? `type=${type}` : `type=${type},${value}`];
}

/** Files, and variables of whoever builds: their values are in no file. */
function secretsOf(
    { project }: LoadedProject,
    secrets: NonNullable<Build["secrets"]>,
    path: Path,
    notes: Notes,
): string[] {
    return secrets.flatMap(({ source = "", target }, index): string[] => {
        for (const key of ["uid", "gid", "mode"] as const)
            if (secrets[index]![key] !== undefined)
                notes.warn([...path, "secrets", index, key], "has no counterpart: RUN --mount=type=secret says it");
        const { file, environment } = project.secrets?.[source] ?? {};
        const id = target ?? source;
        if (file !== undefined) return [`id=${id},src=${file}`];
        if (environment !== undefined) return [`id=${id},env=${environment}`];
        notes.warn([...path, "secrets", index], `is left out: "${source}" is neither a file nor a variable`);
        return [];
    });
}
