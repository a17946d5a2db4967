import { join } from "node:path";
import { z } from "zod";
import { email } from "../../config/fields";
import type { SecretRule } from "../../config/secrets";
import { operation, type Operations } from "../operation";
import { phpScript } from "../scripts/inline";
import { paths } from "./paths";
import { scripts } from "./scripts";

const administrator = phpScript(join(__dirname, "operations"), "administrator.php", paths.root);

/** In the administration's pod: there is one. */
const place = { component: "admin", container: "php" } as const;

/** The administration's own form allows these. */
const name = {
    name: "name",
    description: "name with which the administrator logs in",
    schema: z.string().regex(/^.{3,20}$/u, "allowed: 3 to 20 characters"),
} as const;

/**
 * What OpenCart does only in its administration, or not at all.
 *
 * @param adminPath directory of the administration
 * @param password rule for an administrator's
 */
export const operationsWith = (adminPath: string, password: SecretRule): Operations => {
    const asks = { password: { ...password, purpose: "Password of the administrator, 5 to 20 characters" } };
    return {
        cron: operation({
            ...place,
            summary: "Run the scheduled jobs that are due, without waiting for the full hour",
            command: () => ["sh", "-c", scripts["cron.sh"]],
        }),
        createadmin: operation({
            ...place,
            summary: "Create an administrator with all rights",
            arguments: [name, { name: "email", description: "e-mail address", schema: email }],
            asks,
            command: (input) => administrator(adminPath, "create", input.name, input.email),
        }),
        adminpassword: operation({
            ...place,
            summary: "Change the password of an administrator",
            arguments: [name],
            asks,
            command: (input) => administrator(adminPath, "password", input.name),
        }),
    };
};
