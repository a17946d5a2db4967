import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Read when an operation is run, since every command loads the operations. */
const codeOf = (folder: string, name: string): string => readFileSync(join(folder, name), "utf8");

/**
 * `php -r` with a script of Plinth's own and words of the user, which reach it as arguments. So it also runs in the pods
 * of an instance that an earlier release has launched.
 *
 * @param folder of the script
 * @param root path in the pod, in which it runs
 */
export function phpScript(
    folder: string,
    name: string,
    root: string,
): (...words: readonly string[]) => readonly string[] {
    const code = () => codeOf(folder, name).replace(/^<\?php\n/, "");
    return (...words) => ["php", "-r", `chdir('${root}');\n${code()}`, "--", ...words];
}

/** The same for Python. */
export function pythonScript(folder: string, name: string): (...words: readonly string[]) => readonly string[] {
    return (...words) => ["python", "-c", codeOf(folder, name), ...words];
}

/** The same for a POSIX shell. */
export function shellScript(folder: string, name: string): (...words: readonly string[]) => readonly string[] {
    return (...words) => ["sh", "-c", codeOf(folder, name), name, ...words];
}
