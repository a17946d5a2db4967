import type { z } from "zod";
import type { Instance } from "../components/instance";
import type { Deployed } from "../components/outputs";
import type { PathRule } from "../components/pathRule";
import type { InstanceConfig } from "../config/fields";
import { type Image, usualImages } from "../config/images";
import { hostsIn } from "../config/own";
import type { PlatformConfig } from "../config/platform";
import type { SecretRule } from "../config/secrets";
import type { AnyInstance } from "../config/stack";

/** A platform: its configuration schema, and how it is composed of components. */
export interface Platform {
    readonly config: PlatformConfig;
    /** Declares every component and object of one instance, without registering anything. */
    readonly declare: (instance: Instance<string>) => Deployed;
    /**
     * Paths that the public cannot reach at the instance's host, in any spelling. Routes and web server configuration
     * are generated from the same rules; empty if the application checks every path itself.
     */
    readonly closed: (settings: AnyInstance) => readonly PathRule[];
}

/** What a platform returns for an instance. Its hosts are those that its schema marks. */
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
> extends PlatformConfig {
    readonly schema: Schema;
    readonly secrets: Readonly<Record<Secret, string | SecretRule>>;
    /** Declares every component and object of one instance. */
    readonly declare: (instance: Instance<Secret>, settings: SettingsOf<Schema>) => Declared;
    /** See {@link Platform.closed}. @default none */
    readonly closed?: (settings: SettingsOf<Schema>) => readonly PathRule[];
}

/**
 * Creates a platform from its definition.
 *
 * Reports hosts of an instance at which nothing is published, with their keys.
 *
 * @throws RangeError if it publishes something at a host that its schema does not mark with `ownHost`
 */
export function definePlatform<
    Schema extends z.ZodType<InstanceConfig & Record<string, unknown>>,
    const Secret extends string,
>({ declare, closed, ...config }: PlatformDefinition<Schema, Secret>): Platform {
    const { name, schema } = config;
    // The loader has parsed them with this schema.
    const isOwn = (settings: AnyInstance): settings is AnyInstance & SettingsOf<Schema> => settings.platform === name;
    const own = (settings: AnyInstance): SettingsOf<Schema> => {
        if (!isOwn(settings)) throw new RangeError(`${settings.name} is of platform ${settings.platform}, not ${name}`);
        return settings;
    };
    return {
        config,
        declare: (instance) => {
            const deployed = declare(instance, own(instance.config));
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
        closed: (settings) => closed?.(own(settings)) ?? [],
    };
}

/** All images of these platforms and of all components, with their versions. */
export const imagesOf = (platforms: Readonly<Record<string, Platform>>): Image[] => [
    ...new Set(Object.values(platforms).flatMap(({ config }) => usualImages(config.images))),
];
