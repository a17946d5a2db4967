import { z } from "zod";

/** A line of a configuration file. */
const line = z.string().regex(/^[^\r\n]+$/, "allowed: one line of text");

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
    const key = ownKeys[name];
    if (key) context.addIssue({ code: "custom", message: `allowed: what has no key of its own; set ${key}` });
    if (fixed.includes(name))
        context.addIssue({ code: "custom", message: `allowed: any setting but ${fixed.join(", ")}` });
}

/** Settings of php.ini. */
export const phpSettings = z
    .record(
        z
            .string()
            .regex(/^[a-z][a-z0-9_.]*$/, "allowed: the name of a setting of php.ini, such as opcache.jit")
            .superRefine(refuseFixed),
        line,
    )
    .default({});

const poolLine = line
    .regex(
        /^\s*(;.*|[a-z][a-z0-9_.]*(\[[A-Za-z0-9_./-]+\])?\s*=.*)$/,
        "allowed: NAME = VALUE of php-fpm's one pool, such as pm.max_requests = 500",
    )
    .superRefine((text, context) => {
        const [, name = "", inner = ""] = /^\s*([a-z][a-z0-9_.]*)(?:\[(.+?)\])?/.exec(text) ?? [];
        // What is set for PHP itself stands in brackets: php_admin_value[memory_limit].
        refuseFixed(name.startsWith("php_") ? inner : name, context);
        if (name === "env" && inner.startsWith("OPENMAGE_CONFIG_"))
            context.addIssue({ code: "custom", message: "allowed: other variables; set systemConfig" });
    });

/** Lines of php-fpm's pool. */
export const poolLines = z.array(poolLine).default([]);

/** A line of nginx' without what is in quotes and without its comment: those may hold anything. */
const bare = (text: string): string =>
    text
        .replace(/"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/g, "_")
        .replace(/(^|\s)#.*$/, "")
        .trim();

const nginxLine = line.refine(
    (text) => /^$|[;{}]$/.test(bare(text)),
    "allowed: lines that end with ';', '{' or '}', such as add_header X-Shop acme;",
);

/** Lines of nginx' `server` block, with blocks that are whole. */
export const serverLines = z
    .array(nginxLine)
    .superRefine((all, context) => {
        let depth = 0;
        for (const [index, text] of all.entries()) {
            for (const brace of bare(text).match(/[{}]/g) ?? []) {
                depth += brace === "{" ? 1 : -1;
                if (depth < 0) {
                    const message = "allowed: '}' for each '{' before it, and no more";
                    context.addIssue({ code: "custom", path: [index], message, input: text });
                    return;
                }
            }
        }
        if (depth > 0) context.addIssue({ code: "custom", message: "allowed: blocks that end: a '}' is missing" });
    })
    .default([]);
