import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import pc from "picocolors";
import { splitReference } from "../../config/registries";
import { UserError } from "../system/errors";

/** An image's location in a registry. */
export interface Location {
    /** Host, with port unless it is the default one. */
    readonly registry: string;
    readonly repository: string;
    readonly tag: string;
}

/** Parses the reference of an image. */
export function locate(reference: string): Location {
    const [named] = reference.split("@") as [string];
    const [, name, tag = "latest"] = /^(.*?)(?::([^/:]+))?$/.exec(named)! as unknown as [string, string, string?];
    const { registry, path } = splitReference(name);
    const repository = registry === "docker.io" && !path.includes("/") ? `library/${path}` : path;
    return { registry, repository, tag };
}

/** Whether a registry is on this machine: like Docker, Plinth then uses plain HTTP. */
export const isLoopback = (registry: string): boolean =>
    /^(localhost|[\w.-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(registry);

/** Base URL of a registry's API. */
export const apiOf = (registry: string): string =>
    `${isLoopback(registry) ? "http" : "https"}://${registry === "docker.io" ? "registry-1.docker.io" : registry}/v2/`;

// Indexes come first: their digest covers all architectures.
const manifestTypes = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Timeout for one response of a registry, in milliseconds. */
const timeout = 30_000;

/**
 * The current digest of an image's tag, from its registry by the OCI distribution API.
 *
 * @throws UserError if the image does not exist, or the registry denies access
 */
export async function digestOf(reference: string): Promise<string> {
    const { registry, repository, tag } = locate(reference);
    const url = `${apiOf(registry)}${repository}/manifests/${tag}`;
    const ask = async (method: "HEAD" | "GET", authorization?: string) => {
        console.error(pc.dim(`${method} ${url}`));
        const headers = { Accept: manifestTypes, ...(authorization ? { Authorization: authorization } : {}) };
        return send(registry, url, { method, headers });
    };
    // Docker Hub counts GET requests, but not HEAD, towards its pull limit.
    let response = await ask("HEAD");
    let authorization: string | undefined;
    if (response.status === 401) {
        authorization = await authorize(registry, repository, response.headers.get("www-authenticate") ?? "");
        response = await ask("HEAD", authorization);
    }
    if (response.status === 404) throw new UserError(`${registry} has no ${repository}:${tag}`);
    if (response.status === 401 || response.status === 403)
        throw new UserError(`${registry} denies access to ${repository}; log in first: docker login ${registry}`);
    if (response.ok) {
        const digest = response.headers.get("docker-content-digest");
        if (digest && isDigest(digest)) return digest;
    }
    // The header is optional: the digest can be computed from the manifest.
    response = await ask("GET", authorization);
    if (!response.ok) throw new UserError(`${registry} answered ${response.status} to ${url}`);
    const body = Buffer.from(await response.arrayBuffer());
    return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}

const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text);

/** @throws UserError if the registry does not answer */
async function send(registry: string, url: string, init: RequestInit): Promise<Response> {
    try {
        return await fetch(url, { ...init, signal: AbortSignal.timeout(timeout) });
    } catch (error) {
        const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
        throw new UserError(`${registry} does not answer: ${cause?.code ?? cause?.message ?? message}`);
    }
}

/** Scheme and parameters of a registry's challenge (RFC 9110, 11.6.1). */
function challengeOf(header: string): { scheme: string; parameters: Readonly<Record<string, string>> } {
    const scheme = /^\s*(\w+)/.exec(header)?.[1]?.toLowerCase() ?? "";
    const parameters = [...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!] as const);
    return { scheme, parameters: Object.fromEntries(parameters) };
}

/** The Authorization header for a registry's challenge, with Docker's stored credentials if there are any. */
async function authorize(registry: string, repository: string, header: string): Promise<string | undefined> {
    const { scheme, parameters } = challengeOf(header);
    const credentials = await credentialsFor(registry);
    const basic =
        credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64")}`;
    if (scheme !== "bearer") return basic;
    const { realm = "", service, scope = `repository:${repository}:pull` } = parameters;
    if (!URL.canParse(realm)) throw new UserError(`${registry} requires a token, but does not say where to get one`);
    const query = new URLSearchParams({ ...(service ? { service } : {}), scope });
    // An identity token is stored under this user name in place of a password; it is exchanged by POST.
    const response =
        credentials?.user === "<token>"
            ? await send(registry, realm, {
                  method: "POST",
                  body: new URLSearchParams({
                      ...Object.fromEntries(query),
                      grant_type: "refresh_token",
                      client_id: "plinth",
                      refresh_token: credentials.password,
                  }),
              })
            : await send(registry, `${realm}${realm.includes("?") ? "&" : "?"}${query}`, {
                  headers: basic ? { Authorization: basic } : {},
              });
    if (!response.ok)
        throw new UserError(
            `${registry} denies access to ${repository} (${response.status} from ${new URL(realm).host}); log in first: docker login ${registry}`,
        );
    const answer = (await response.json()) as { token?: string; access_token?: string };
    return `Bearer ${answer.token ?? answer.access_token ?? ""}`;
}

interface Credentials {
    readonly user: string;
    readonly password: string;
}

interface DockerConfig {
    readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>;
    readonly credsStore?: string;
    readonly credHelpers?: Readonly<Record<string, string>>;
}

/** The credentials that Docker stores for a registry: in a helper or in its configuration file. */
async function credentialsFor(registry: string): Promise<Credentials | undefined> {
    const path = join(process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "config.json");
    if (!existsSync(path)) return undefined;
    let config: DockerConfig;
    try {
        config = JSON.parse(readFileSync(path, "utf8")) as DockerConfig;
    } catch {
        throw new UserError(`${path} is not valid JSON; Docker stores its credentials there`);
    }
    // The key under which Docker stores Docker Hub's credentials.
    const key = registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
    const helper = config.credHelpers?.[registry] ?? config.credsStore;
    if (helper) {
        const kept = await credentialsFromHelper(helper, key);
        if (kept) return kept;
    }
    const entry = Object.entries(config.auths ?? {}).find(([name]) => name === key || hostOf(name) === registry)?.[1];
    if (entry?.identitytoken) return { user: "<token>", password: entry.identitytoken };
    if (!entry?.auth) return undefined;
    const [user, ...password] = Buffer.from(entry.auth, "base64").toString().split(":") as [string, ...string[]];
    return { user, password: password.join(":") };
}

/** Old versions of Docker stored a URL instead of the host. */
const hostOf = (name: string): string => name.replace(/^https?:\/\//, "").replace(/\/.*$/, "");

/** https://github.com/docker/docker-credential-helpers: the registry on standard input, JSON on standard output. */
async function credentialsFromHelper(helper: string, key: string): Promise<Credentials | undefined> {
    const command = `docker-credential-${helper}`;
    console.error(pc.dim(`$ ${command} get`));
    const { exitCode, stdout } = await execa(command, ["get"], { input: key, reject: false });
    // It also fails if it has no entry for the registry: the image may still be public.
    if (exitCode !== 0) return undefined;
    const { Username, Secret } = JSON.parse(stdout) as { Username: string; Secret: string };
    return { user: Username, password: Secret };
}
