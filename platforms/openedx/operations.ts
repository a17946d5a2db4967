import { join } from "node:path";
import { email, hostName } from "../../config/fields";
import { operation, type Operations } from "../operation";
import { pythonScript, shellScript } from "../scripts/inline";
import type { OpenedxConfig } from "./config";
import { scriptFolder } from "./paths";

const folder = join(__dirname, "operations");
const account = pythonScript(folder, "account.py");
const theme = pythonScript(folder, "theme.py");
const course = shellScript(folder, "course.sh");

const name = { name: "name", description: "name of the account, with which one logs in" } as const;
// The LMS's own rules are checked when it gets the password.
const asks = { password: { purpose: "Password of the account", min: 8 } };
const demo = "https://github.com/openedx/openedx-demo-course";

/** Django's commands for one of the two applications. */
const manage = (variant: "lms" | "cms", what: string): Operations => {
    const suffix = variant === "lms" ? "" : "-studio";
    const common = { component: variant, interactive: true } as const;
    return {
        [`manage${suffix}`]: operation({
            ...common,
            summary: `Run a command of manage.py of ${what}; without one, it lists its commands`,
            arguments: [{ name: "command", description: "the command and its arguments, unchanged", variadic: true }],
            passThrough: true,
            command: ({ command }) => ["./manage.py", variant, ...command],
        }),
        [`shell${suffix}`]: operation({
            ...common,
            summary: `Open Django's shell of ${what}`,
            command: () => ["./manage.py", variant, "shell"],
        }),
    };
};

/** What administrators of Open edX do by hand. */
export const operations = ({ host, studioHost }: OpenedxConfig): Operations => ({
    createuser: operation({
        summary: "Create an account",
        component: "lms",
        arguments: [name, { name: "email", description: "its e-mail address", schema: email }],
        options: {
            staff: { description: "It may see and change all courses" },
            superuser: { description: "It may do everything, also in Django's administration" },
        },
        asks,
        command: (input) =>
            account("create", input.staff ? "yes" : "no", input.superuser ? "yes" : "no", input.name, input.email),
    }),
    changepassword: operation({
        summary: "Change the password of an account",
        component: "lms",
        arguments: [name],
        asks,
        command: (input) => account("password", input.name),
    }),
    importdemocourse: operation({
        summary: "Import Open edX's demonstration course, or another one from a Git repository",
        component: "cms",
        options: {
            repository: { description: `Where the course is; default: ${demo}`, value: "URL" },
            version: { description: "Branch or tag; default: that of the release", value: "NAME" },
            directory: { description: "Folder of the course; default: the only one with a course", value: "PATH" },
        },
        command: ({ repository = demo, version = "release/verawood.1", directory = "" }) =>
            course(repository, version, directory),
    }),
    settheme: operation({
        summary: "Set the theme of LMS and Studio, or of other hosts; default removes it",
        component: "lms",
        arguments: [
            { name: "theme", description: "name of a theme of the image, or default" },
            {
                name: "host",
                description: "hosts; default: those of LMS and Studio",
                variadic: true,
                optional: true,
                schema: hostName,
            },
        ],
        command: (input) => theme(input.theme, ...(input.host.length > 0 ? input.host : [host, studioHost])),
    }),
    reindex: operation({
        summary: "Put all courses and libraries into the search index again",
        component: "cms",
        command: () => ["./manage.py", "cms", "shell", "-c", `exec(open("${scriptFolder}/reindex.py").read())`],
    }),
    sqlshell: operation({
        summary: "Open a client of the database, as the platform's user",
        component: "lms",
        interactive: true,
        command: () => ["./manage.py", "lms", "dbshell"],
    }),
    ...manage("lms", "the LMS"),
    ...manage("cms", "Studio"),
});
