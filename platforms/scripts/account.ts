import type { SecretRule } from "../../config/secrets";
import { operation, type OperationArgument, type Operations } from "../operation";
import { pythonScript } from "./inline";

const account = pythonScript(__dirname, "account.py");

interface AccountArgs {
    readonly component: string;
    /** With which one logs in. */
    readonly field: "username" | "email";
    /** The word that users write for it. */
    readonly argument: OperationArgument & { readonly optional?: false; readonly variadic?: false };
    readonly password: SecretRule;
    /** Module of Django's settings. @default the environment of the component's pods names it */
    readonly settings?: string;
}

/** Operations on the accounts of a Django application that needs nothing besides a name and a password. */
export function accountOperations({ component, field, argument, password, settings = "" }: AccountArgs): Operations {
    const one = (summary: string, action: "create" | "password") =>
        operation({
            summary,
            component,
            arguments: [argument],
            asks: { password },
            command: (input) => account(action, field, settings, input[argument.name] as string),
        });
    return {
        createsuperuser: one("Create an account with all rights", "create"),
        changepassword: one("Change the password of an account", "password"),
    };
}
