import { z } from "zod";
import type { Instance } from "../components/instance";
import type { Deployed } from "../components/outputs";
import type { PathRule } from "../components/pathRule";
import { type InstanceConfig, instanceFields } from "../config/fields";
import { type Image, usualImages } from "../config/images";
import { hostsIn } from "../config/own";
import type { InstanceFacts } from "../config/facts";
import type { PlatformConfig, ReadFrom } from "../config/platform";
import type { SecretRule } from "../config/secrets";
import type { AnyInstance } from "../config/stack";
import type { Operations } from "./operation";

/** Version of what platforms from elsewhere are written against: `api.ts`, and this file. */
export const apiVersion = 1;

/** A platform: what a user may write of it, and how it is composed of components. */
export interface Platform {
    readonly config: PlatformConfig;
    /** The {@link apiVersion} that it is written for. Every platform from elsewhere says so. @default this program's own */
    readonly apiVersion?: number;
    /** Where it was loaded from, for messages. @default none: it is built in */
    readonly file?: string;
    /**
     * Declares every component and object of one instance; nothing is registered yet.
     *
     * @param source what its `read` has read. @default nothing
     */
    readonly declare: (instance: Instance<string>, source?: unknown) => Deployed;
    /**
     * Paths that strangers do not reach at the instance's host, however they write them. Its routes and the
     * configuration of its web servers are made of the same rules. @default none: the application judges every path itself
     */
    readonly closed?: (settings: AnyInstance) => readonly PathRule[];
    /** What `./plinth run` does on an instance with these settings. @default nothing */
    readonly operations?: (settings: AnyInstance) => Operations;
}

/** Platforms by the names that `platform:` gives them. */
export type Platforms = Readonly<Record<string, Platform>>;

/** What a platform tells of an instance: its hosts are those that its schema marks. */
export type Declared = Omit<Deployed, "hosts">;

/** The settings of an instance, as returned by its platform's schema. */
export type SettingsOf<Schema extends z.ZodType> = z.output<Schema> & { readonly name: string };

/** An instance that only gives access to the secrets that the platform declares. */
export type InstanceOf<Secrets> = Instance<keyof Secrets & string>;

/**
 * A platform's definition. The type of the settings is derived from the schema, the names of secrets from `secrets`.
 */
export interface PlatformDefinition<
    Schema extends z.ZodType<InstanceConfig & Record<string, unknown>>,
    Secret extends string,
    Source = undefined,
> extends Omit<PlatformConfig, "read"> {
    readonly schema: Schema;
    readonly secrets: Readonly<Record<Secret, string | SecretRule>>;
    /** See {@link Platform.apiVersion}. */
    readonly apiVersion?: number;
    /** See {@link PlatformConfig.read}. @default no files are read */
    readonly read?: (settings: SettingsOf<Schema>, from: ReadFrom) => InstanceFacts & { readonly source: Source };
    /** Declares every component and object of one instance. */
    readonly declare: (instance: Instance<Secret>, settings: SettingsOf<Schema>, source: Source) => Declared;
    /** See {@link Platform.closed}. @default none */
    readonly closed?: (settings: SettingsOf<Schema>) => readonly PathRule[];
    /** See {@link Platform.operations}: by name, or derived from the settings. @default none */
    readonly operations?: Operations | ((settings: SettingsOf<Schema>) => Operations);
}

/**
 * Creates a platform from its definition.
 *
 * Reports hosts of an instance at which nothing is published, with their keys.
 *
 * @throws RangeError if its schema lacks or redefines a key that every instance has; when it declares, if it publishes
 * something at a host that its schema does not mark with `ownHost`
 */
export function definePlatform<
    Schema extends z.ZodType<InstanceConfig & Record<string, unknown>>,
    const Secret extends string,
    Source = undefined,
>({ apiVersion, read, declare, closed, operations, ...rest }: PlatformDefinition<Schema, Secret, Source>): Platform {
    const { name, schema } = rest;
    checkSchema(name, schema);
    // The loader has parsed them with this schema.
    const isOwn = (settings: AnyInstance): settings is AnyInstance & SettingsOf<Schema> => settings.platform === name;
    const own = (settings: AnyInstance): SettingsOf<Schema> => {
        if (!isOwn(settings)) throw new RangeError(`${settings.name} is of platform ${settings.platform}, not ${name}`);
        return settings;
    };
    const config: PlatformConfig = read ? { ...rest, read: (settings, from) => read(own(settings), from) } : rest;
    return {
        config,
        ...(apiVersion === undefined ? {} : { apiVersion }),
        declare: (instance, source) => {
            // Read by this definition's own function, if at all.
            const deployed = declare(instance, own(instance.config), source as Source);
            const hosts = hostsIn(schema, instance.config);
            const published = new Set(instance.sites.map(({ host }) => host));
            for (const { key, host } of hosts)
                if (!published.has(host))
                    instance.problem(key, `"${host}" is not served: the platform ${name} publishes nothing at it`);
            for (const host of published)
                if (!hosts.some((known) => known.host === host))
                    throw new RangeError(
                        `the platform ${name} publishes something at ${host}, but no key of its schema is marked as that host: ownHost(hostName)`,
                    );
            return { ...deployed, hosts: hosts.map(({ host }) => host) };
        },
        ...(closed ? { closed: (settings) => closed(own(settings)) } : {}),
        ...(operations
            ? {
                  operations: (settings) => (typeof operations === "function" ? operations(own(settings)) : operations),
              }
            : {}),
    };
}

/** Reports what would fail somewhere within a component, with a platform that was not compiled. */
function checkSchema(name: string, schema: z.ZodType): void {
    if (!(schema instanceof z.ZodObject)) return;
    for (const [key, field] of Object.entries(instanceFields))
        if (schema.shape[key] !== field)
            throw new RangeError(
                key in schema.shape
                    ? `the schema of the platform ${name} has a key "${key}" of its own, and ${key} is a key that every instance has; name it otherwise`
                    : `the schema of the platform ${name} lacks "${key}", which every instance has; add ...instanceFields`,
            );
}

/** Every image of these platforms and of all components, each with its version. */
export const imagesOf = (platforms: Platforms): Image[] => [
    ...new Set(Object.values(platforms).flatMap(({ config }) => usualImages(config.images))),
];
