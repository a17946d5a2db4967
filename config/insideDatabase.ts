import { z } from "zod";
import { ownOnly } from "./own";

/** A name that needs no quoting in any engine's SQL or in arguments of its tools. */
export const identifier = z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,31}$/, "allowed: at most 32 letters, digits, '_' and '-'");

/** Numbers of members that can lose one or two of them, and of which a half is never left. */
export const memberCounts = [3, 5] as const;

/** Fields that all databases in the cluster have in common. */
export const inside = {
    /** Name of the database, for existing data. @default the platform's */
    name: ownOnly(identifier.optional()),
    /** The platform's database user, which owns its tables. @default the platform's */
    user: ownOnly(
        identifier
            .refine((name) => !["root", "postgres"].includes(name), "allowed: any user except the administrator")
            .optional(),
    ),
    /**
     * Consent to a new major version, as the version that wrote the data: `mariadb 11.4`; or, where servers take the
     * place of others whose volumes they do not use (Galera, an operator's), to begin without their data: `mariadb 11.8`,
     * `mariadb 11.8 galera`, `mariadb 11.8 operator`, `postgres 17 operator`. Back up first.
     *
     * @default none: a different major version, and such a change, are refused
     */
    upgradeFrom: ownOnly(
        z
            .string()
            .regex(
                /^mariadb \d+\.\d+( galera| operator)?$|^mysql \d+\.\d+$|^postgres \d+( operator)?$/,
                'allowed: engine and major version, such as "mariadb 11.4", "mariadb 11.4 galera", "postgres 16" or "postgres 17 operator"',
            )
            .optional(),
    ),
};
