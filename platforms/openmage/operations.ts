import { join } from "node:path";
import { email } from "../../config/fields";
import type { SecretRule } from "../../config/secrets";
import { operation, type Operations } from "../operation";
import { phpScript } from "../scripts/inline";
import { paths } from "./paths";

const script = (name: string) => phpScript(join(__dirname, "operations"), name, paths.root);
const administrator = script("administrator.php");
const cache = script("cache.php");
const reindex = script("reindex.php");
const job = script("job.php");

/** In the administration's pod: there is one, and its folder of locks is the one of people who reindex there. */
const place = { component: "admin", container: "php" } as const;

const name = { name: "name", description: "name with which the administrator logs in" } as const;

/** What people do with OpenMage's scripts and n98-magerun. @param password rule for an administrator's */
export const operationsWith = (password: SecretRule): Operations => {
    const asks = {
        password: {
            ...password,
            purpose: "Password of the administrator, at least 14 characters with letters and digits",
        },
    };
    return {
        cache: operation({
            ...place,
            summary: "Empty the cache",
            arguments: [{ name: "type", description: "config, layout, block_html …; all if left out", variadic: true }],
            command: ({ type }) => cache(...type),
        }),
        reindex: operation({
            ...place,
            summary: "Make indexes anew",
            arguments: [
                {
                    name: "index",
                    description: "catalog_url, cataloginventory_stock …; all if left out",
                    variadic: true,
                },
            ],
            command: ({ index }) => reindex(...index),
        }),
        cron: operation({
            ...place,
            summary: "Let a job run now, in the next run of cron; without one, list them",
            arguments: [
                { name: "job", description: "catalogrule_apply_all, core_email_queue_send_all …", optional: true },
            ],
            command: (input) => job(...(input.job === undefined ? [] : [input.job])),
        }),
        createadmin: operation({
            ...place,
            summary: "Create an administrator with all rights",
            arguments: [name, { name: "email", description: "e-mail address", schema: email }],
            asks,
            command: (input) => administrator("create", input.name, input.email),
        }),
        adminpassword: operation({
            ...place,
            summary: "Change the password of an administrator",
            arguments: [name],
            asks,
            command: (input) => administrator("password", input.name),
        }),
    };
};
