import { email } from "../../config/fields";
import { operation, type Operations } from "../operation";
import { accountOperations } from "../scripts/account";

const component = "web";

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
    ...accountOperations({
        component,
        field: "email",
        argument: { name: "email", description: "e-mail address, with which one logs in", schema: email },
        password: { purpose: "Password of the account, by QxSMS's own rules", min: 8 },
        settings: "qxsms.settings",
    }),
};
