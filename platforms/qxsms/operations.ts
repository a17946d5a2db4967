import { join } from "node:path";
import { email } from "../../config/fields";
import { operation, type Operations } from "../operation";
import { pythonScript } from "../scripts/inline";

const account = pythonScript(join(__dirname, "operations"), "account.py");

const component = "web";
const address = { name: "email", description: "e-mail address, with which one logs in", schema: email } as const;
const asks = { password: { purpose: "Password of the account, by QxSMS's own rules", min: 8 } };

/** What administrators of QxSMS do with `manage.py`. */
export const operations: Operations = {
    manage: operation({
        summary: "Run a command of manage.py; without one, it lists its commands",
        component,
        arguments: [{ name: "command", description: "the command and its arguments, unchanged", variadic: true }],
        passThrough: true,
        interactive: true,
        command: ({ command }) => ["python", "manage.py", ...command],
    }),
    shell: operation({
        summary: "Open Django's shell",
        component,
        interactive: true,
        command: () => ["python", "manage.py", "shell"],
    }),
    createsuperuser: operation({
        summary: "Create an account with all rights",
        component,
        arguments: [address],
        asks,
        command: (input) => account("create", input.email),
    }),
    changepassword: operation({
        summary: "Change the password of an account",
        component,
        arguments: [address],
        asks,
        command: (input) => account("password", input.email),
    }),
};
