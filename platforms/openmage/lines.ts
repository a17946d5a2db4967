import { z } from "zod";
import { LineRefusal, userLines } from "../../components/languages/nginx";
import { userLine } from "../../components/languages/phpIni";
import { Refusal } from "../../components/languages/text";

/** Reports what a writer rejects, under the path of the line if there are several. */
const writable =
    <T extends string | readonly string[]>(write: (text: T) => unknown) =>
    (text: T, context: z.RefinementCtx): void => {
        try {
            write(text);
        } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            const place = error instanceof LineRefusal ? { path: [error.index], input: text[error.index] } : {};
            context.addIssue({ code: "custom", message: error.message, ...place });
        }
    };

/** Settings with their own key, which also determine the pods' memory. */
const ownKeys: Readonly<Record<string, string>> = {
    memory_limit: "php.memoryLimit",
    upload_max_filesize: "php.uploadLimit",
    post_max_size: "php.uploadLimit",
    sendmail_path: "mail",
    "pm.max_children": "php.maxChildren",
};

/** Settings that Plinth needs: for its code, for the configuration, and for nginx and probes to reach PHP. */
const fixed = [
    ...["include_path", "variables_order"],
    ...["clear_env", "listen", "ping.path", "pm.status_listen", "pm.status_path"],
];

function refuseFixed(name: string, context: z.RefinementCtx): void {
    const key = Object.hasOwn(ownKeys, name) ? ownKeys[name] : undefined;
    if (key) context.addIssue({ code: "custom", message: `allowed: settings without their own key; set ${key}` });
    if (fixed.includes(name))
        context.addIssue({ code: "custom", message: `allowed: any setting except ${fixed.join(", ")}` });
}

/** A value of php.ini, unquoted: it is quoted when the file is written. */
const phpValue = z
    .string()
    // eslint-disable-next-line no-control-regex -- a line has none but tabs
    .regex(/^[^\x00-\x08\x0a-\x1f\x7f]+$/, "allowed: one line of text")
    .refine((text) => !/^(["']).*\1$/.test(text), "allowed: the value itself, without quotes around it");

/** Settings of php.ini. */
export const phpSettings = z
    .record(
        z
            .string()
            .regex(/^[a-z][a-z0-9_.]*$/, "allowed: the name of a php.ini setting, such as opcache.jit")
            .superRefine(refuseFixed),
        phpValue,
    )
    .default({});

const poolLine = z
    .string()
    .superRefine(writable(userLine))
    .superRefine((text, context) => {
        const [, name = "", inner = ""] = /^\s*([a-z][a-z0-9_.]*)(?:\[(.+?)\])?/.exec(text) ?? [];
        // PHP settings are in brackets: php_admin_value[memory_limit].
        refuseFixed(name.startsWith("php_") ? inner : name, context);
        if (name === "env" && inner.startsWith("OPENMAGE_CONFIG_"))
            context.addIssue({ code: "custom", message: "allowed: other variables; set systemConfig" });
    });

/** Lines of php-fpm's pool. */
export const poolLines = z.array(poolLine).default([]);

/** Lines of nginx's `server` block, with complete blocks. */
export const serverLines = z.array(z.string()).superRefine(writable(userLines)).default([]);
