import { constantFiles, joined, type Text } from "../../components/languages/text";

/** Reads scripts from a folder, by name. `common.php` is prefixed with code that the Tasks of all shops share. */
export function readScripts<N extends string>(folder: string, names: readonly N[]): Readonly<Record<N, Text>> {
    const own: Readonly<Record<N, Text>> = constantFiles(folder, names);
    const shared = constantFiles(__dirname, ["tasks.php"])["tasks.php"];
    return Object.fromEntries(
        names.map((name) => [name, name === "common.php" ? joined([shared, own[name]], "") : own[name]]),
    ) as Record<N, Text>;
}
