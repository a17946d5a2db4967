import { readFileSync, writeFileSync } from "node:fs";

/** The line with the salt of the stack's passphrase. */
export const saltLine = /^encryptionsalt: .*\n?/m;

/**
 * Moves the salt that the engine has appended to a stack file before `config:`: lines that a user adds at the end of the
 * file would otherwise be below another key, which breaks the file. The engine leaves it there.
 */
export function moveSalt(path: string): void {
    const text = readFileSync(path, "utf8");
    const moved = withSaltFirst(text);
    if (moved !== text) writeFileSync(path, moved);
}

/** @returns the same text if it has no salt below `config:` */
export function withSaltFirst(text: string): string {
    const salt = saltLine.exec(text);
    const config = /^config:/m.exec(text);
    if (!salt || !config || salt.index < config.index) return text;
    const rest = text.slice(0, salt.index) + text.slice(salt.index + salt[0].length);
    return `${rest.slice(0, config.index)}${salt[0].trimEnd()}\n${rest.slice(config.index)}`;
}
