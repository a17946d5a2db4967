import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";

const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
});

const made = (length: number): string => randomBytes(length).toString("hex").slice(0, length);

/** What Tutor generates once, made anew for each run of the tests. */
export const tutorSecrets: Readonly<Record<string, string>> = {
    CMS_OAUTH2_SECRET: made(24),
    JWT_RSA_PRIVATE_KEY: privateKey,
    MEILISEARCH_MASTER_KEY: made(24),
    MEILISEARCH_API_KEY_UID: "1d91a1c2-6221-421c-9a7b-cc0fe3b98070",
    MYSQL_ROOT_PASSWORD: made(8),
    OPENEDX_MYSQL_PASSWORD: made(8),
    OPENEDX_SECRET_KEY: made(24),
};

/** Contents of a config.yml as Tutor saves it, with changes; undefined takes a variable out. */
export const tutorConfig = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
    Object.fromEntries(
        Object.entries({
            ID: made(24),
            LMS_HOST: "learn.example.org",
            ...tutorSecrets,
            MEILISEARCH_API_KEY: made(64),
            PLUGINS: ["indigo", "mfe"],
            PLUGIN_INDEXES: ["https://overhang.io/tutor/main"],
            ...changes,
        }).filter(([, value]) => value !== undefined),
    );

/** Writes files of a Tutor root; maps as YAML. */
export function writeRoot(folder: string, files: Readonly<Record<string, string | object>>): void {
    for (const [name, contents] of Object.entries(files)) {
        const path = join(folder, name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, typeof contents === "string" ? contents : stringify(contents));
    }
}
