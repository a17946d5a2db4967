import { z } from "zod";
import { LineRefusal, userLines } from "../../components/languages/nginx";
import { userLine } from "../../components/languages/phpIni";
import { Refusal } from "../../components/languages/text";

/** What a writer refuses, under its own path where it is one of several lines. */
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

/** Settings that have a key of their own, after which the pods' memory is sized too. */
const ownKeys: Readonly<Record<string, string>> = {
    memory_limit: "php.memoryLimit",
    upload_max_filesize: "php.uploadLimit",
    post_max_size: "php.uploadLimit",
    sendmail_path: "mail",
    "pm.max_children": "php.maxChildren",
};

/** Settings without which the shop finds neither our code, nor its configuration, nor nginx and the probes PHP. */
const fixed = [
    ...["include_path", "variables_order"],
    ...["clear_env", "listen", "ping.path", "pm.status_listen", "pm.status_path"],
];

function refuseFixed(name: string, context: z.RefinementCtx): void {
    const key = Object.hasOwn(ownKeys, name) ? ownKeys[name] : undefined;
    if (key) context.addIssue({ code: "custom", message: `allowed: what has no key of its own; set ${key}` });
    if (fixed.includes(name))
        context.addIssue({ code: "custom", message: `allowed: any setting but ${fixed.join(", ")}` });
}

/** A value of php.ini, exactly as PHP is to have it: the file's writer quotes it. */
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
            .regex(/^[a-z][a-z0-9_.]*$/, "allowed: the name of a setting of php.ini, such as opcache.jit")
            .superRefine(refuseFixed),
        phpValue,
    )
    .default({});

const poolLine = z
    .string()
    .superRefine(writable(userLine))
    .superRefine((text, context) => {
        const [, name = "", inner = ""] = /^\s*([a-z][a-z0-9_.]*)(?:\[(.+?)\])?/.exec(text) ?? [];
        // What is set for PHP itself stands in brackets: php_admin_value[memory_limit].
        refuseFixed(name.startsWith("php_") ? inner : name, context);
        if (name === "env" && inner.startsWith("OPENMAGE_CONFIG_"))
            context.addIssue({ code: "custom", message: "allowed: other variables; set systemConfig" });
    });

/** Lines of php-fpm's pool. */
export const poolLines = z.array(poolLine).default([]);

/** Lines of nginx' `server` block, with blocks that are whole. */
export const serverLines = z.array(z.string()).superRefine(writable(userLines)).default([]);
