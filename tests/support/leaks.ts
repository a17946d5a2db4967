import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { nativeHash } from "../../components/database/mysql";

/** A secret value that can be found in any encoding. */
export interface Planted {
    /** The value as the user sets it: with every kind of character that some format escapes. */
    readonly value: string;
    /** Its part of letters and digits, which URL, JSON, SQL and shell all leave unchanged. */
    readonly core: string;
}

/**
 * @param length characters of the core; a value has four more. @default 16
 */
export function plant(length = 16): Planted {
    const core = `Q${randomBytes(length).toString("hex")}`.slice(0, length);
    return { core, value: `'"${core}\\&` };
}

/** In base64 of a longer text a value looks different for each of three offsets; its inner characters do not. */
const base64Forms = (text: string): string[] =>
    [0, 1, 2].map((offset) => {
        const encoded = Buffer.from("\0".repeat(offset) + text).toString("base64");
        return encoded.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + text.length) * 4) / 3) - 1);
    });

/**
 * Where planted values show themselves in a text: as they are or with characters escaped, in base64 once or twice,
 * in hexadecimal, or by a digest without a salt, from which a weak password can be guessed.
 *
 * @param text what should hold none
 * @returns `key: form`, one each
 */
export function leaksIn(text: string, values: Readonly<Record<string, Planted>>): string[] {
    return Object.entries(values).flatMap(([key, { core, value }]) => {
        const once = base64Forms(core);
        const forms: Record<string, readonly string[]> = {
            plain: [core],
            base64: once,
            "base64 twice": once.flatMap(base64Forms),
            hexadecimal: [Buffer.from(core).toString("hex")],
            digest: [createHash("sha256").update(value).digest("hex"), nativeHash(value)],
        };
        return Object.entries(forms)
            .filter(([, written]) => written.some((form) => text.includes(form)))
            .map(([form]) => `${key}: ${form}`);
    });
}

/** An RSA key in PEM, which programs read; a line in its midst stands for it. */
export function plantKey(): Planted {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const value = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    return { value, core: value.split("\n")[8]! };
}
