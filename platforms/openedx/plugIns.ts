import { z } from "zod";
import type { Json } from "../../components/languages/python";

const settingName = z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, "allowed: the name of a setting, such as SITE_NAME: capital letters, digits and '_'");

/** Settings by name. What a stack's file can hold is the same in YAML, JSON and Python. */
export const values = z.record(
    settingName,
    z.unknown().transform((value) => value as Json),
);

const layer = z.strictObject({
    /** Django settings. A map is merged into the one that is there; all else replaces. */
    values: values.default({}),
    /** Keys of lms.env.yml and cms.env.yml. */
    env: values.default({}),
    /** Feature flags. */
    features: values.default({}),
    /** Lines at the end of production.py, which may use and change all settings before them. */
    python: z.array(z.string().regex(/^[^\r\n\0]*$/, "allowed: one line of Python per entry")).default([]),
});

/** What a user adds to both applications, and to each. */
export const settings = z.strictObject({
    common: layer.prefault({}),
    lms: layer.prefault({}),
    cms: layer.prefault({}),
});

/** A micro-frontend that the image does not have. */
export const ownMfe = z.strictObject({
    /** @default `/` and its name */
    path: z
        .string()
        .regex(/^(\/[\w.-]+)+$/, "allowed: a path such as /grades, without a slash at its end")
        .optional(),
    /** A server in the cluster that answers for it. @default the image of the micro-frontends contains it */
    upstream: z
        .string()
        .regex(/^[a-z0-9][a-z0-9.-]*:\d+$/, "allowed: host and port, such as grades.default.svc:8080")
        .optional(),
});
