import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import pc from "picocolors";
import { splitReference } from "../../config/credentials";
import { UserError } from "../system/errors";

/** An image as its registry knows it. */
export interface Location {
    /** Host, and port where it is not the usual one. */
    readonly registry: string;
    readonly repository: string;
    readonly tag: string;
}

/** Where an image is, by its reference. */
export function locate(reference: string): Location {
    const [named] = reference.split("@") as [string];
    const [, name, tag = "latest"] = /^(.*?)(?::([^/:]+))?$/.exec(named)! as unknown as [string, string, string?];
    const { registry, path } = splitReference(name);
    const repository = registry === "docker.io" && !path.includes("/") ? `library/${path}` : path;
    return { registry, repository, tag };
}

/** A registry on this machine: it needs no TLS, docker does not ask it for any either. */
export const isLoopback = (registry: string): boolean =>
    /^(localhost|[\w.-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(registry);

/** Where a registry's API is. */
export const apiOf = (registry: string): string =>
    `${isLoopback(registry) ? "http" : "https"}://${registry === "docker.io" ? "registry-1.docker.io" : registry}/v2/`;

// An index comes first: its digest stands for every architecture.
const manifestTypes = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** The longest wait for one answer of a registry, in milliseconds. */
const patience = 30_000;

/**
 * The digest that an image's tag has at the moment, as its registry tells: over the OCI distribution API.
 *
 * @throws UserError when the image is not there, or the registry does not let us know
 */
export async function digestOf(reference: string): Promise<string> {
    const { registry, repository, tag } = locate(reference);
    const url = `${apiOf(registry)}${repository}/manifests/${tag}`;
    const ask = async (method: "HEAD" | "GET", authorization?: string) => {
        console.error(pc.dim(`${method} ${url}`));
        const headers = { Accept: manifestTypes, ...(authorization ? { Authorization: authorization } : {}) };
        return send(registry, url, { method, headers });
    };
    // Docker Hub counts GET, and not HEAD, against its limit of pulls.
    let response = await ask("HEAD");
    let authorization: string | undefined;
    if (response.status === 401) {
        authorization = await authorize(registry, repository, response.headers.get("www-authenticate") ?? "");
        response = await ask("HEAD", authorization);
    }
    if (response.status === 404) throw new UserError(`${registry} has no ${repository}:${tag}`);
    if (response.status === 401 || response.status === 403)
        throw new UserError(`${registry} does not let you read ${repository}; log in first: docker login ${registry}`);
    if (response.ok) {
        const digest = response.headers.get("docker-content-digest");
        if (digest && isDigest(digest)) return digest;
    }
    // The header is optional: the digest is that of the manifest's bytes.
    response = await ask("GET", authorization);
    if (!response.ok) throw new UserError(`${registry} answered ${response.status} to ${url}`);
    const body = Buffer.from(await response.arrayBuffer());
    return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}

const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text);

/** @throws UserError when nothing answers */
async function send(registry: string, url: string, init: RequestInit): Promise<Response> {
    try {
        return await fetch(url, { ...init, signal: AbortSignal.timeout(patience) });
    } catch (error) {
        const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
        throw new UserError(`${registry} does not answer: ${cause?.code ?? cause?.message ?? message}`);
    }
}

/** What a registry's challenge asks for (RFC 9110, 11.6.1): its scheme and parameters. */
function challengeOf(header: string): { scheme: string; parameters: Readonly<Record<string, string>> } {
    const scheme = /^\s*(\w+)/.exec(header)?.[1]?.toLowerCase() ?? "";
    const parameters = [...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!] as const);
    return { scheme, parameters: Object.fromEntries(parameters) };
}

/** The value of the header that answers a registry's challenge, with docker's log-in when there is one. */
async function authorize(registry: string, repository: string, header: string): Promise<string | undefined> {
    const { scheme, parameters } = challengeOf(header);
    const credentials = await credentialsFor(registry);
    const basic =
        credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64")}`;
    if (scheme !== "bearer") return basic;
    const { realm = "", service, scope = `repository:${repository}:pull` } = parameters;
    if (!URL.canParse(realm)) throw new UserError(`${registry} asks for a token, but does not say where to get it`);
    const query = new URLSearchParams({ ...(service ? { service } : {}), scope });
    // A registry's own token stands in for a password under this name; it is exchanged by POST.
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
            `${registry} does not let you read ${repository} (${response.status} from ${new URL(realm).host}); log in first: docker login ${registry}`,
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

/** The log-in that docker keeps for a registry: with a helper, or in its configuration file. */
async function credentialsFor(registry: string): Promise<Credentials | undefined> {
    const path = join(process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "config.json");
    if (!existsSync(path)) return undefined;
    let config: DockerConfig;
    try {
        config = JSON.parse(readFileSync(path, "utf8")) as DockerConfig;
    } catch {
        throw new UserError(`${path} is no JSON; docker keeps its log-ins there`);
    }
    // The name under which docker has always kept Docker Hub's.
    const key = registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
    const helper = config.credHelpers?.[registry] ?? config.credsStore;
    if (helper) {
        const kept = await ask(helper, key);
        if (kept) return kept;
    }
    const entry = Object.entries(config.auths ?? {}).find(([name]) => name === key || hostOf(name) === registry)?.[1];
    if (entry?.identitytoken) return { user: "<token>", password: entry.identitytoken };
    if (!entry?.auth) return undefined;
    const [user, ...password] = Buffer.from(entry.auth, "base64").toString().split(":") as [string, ...string[]];
    return { user, password: password.join(":") };
}

/** Old versions of docker wrote an address where the host belongs. */
const hostOf = (name: string): string => name.replace(/^https?:\/\//, "").replace(/\/.*$/, "");

/** https://github.com/docker/docker-credential-helpers: the registry on standard input, JSON on standard output. */
async function ask(helper: string, key: string): Promise<Credentials | undefined> {
    const command = `docker-credential-${helper}`;
    console.error(pc.dim(`$ ${command} get`));
    const { exitCode, stdout } = await execa(command, ["get"], { input: key, reject: false });
    // It fails, too, when it knows nothing of the registry: images may be public all the same.
    if (exitCode !== 0) return undefined;
    const { Username, Secret } = JSON.parse(stdout) as { Username: string; Secret: string };
    return { user: Username, password: Secret };
}
