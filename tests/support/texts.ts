import fc from "fast-check";

/** Strings with a meaning in some language, which are most likely to break out of their context. */
const signs = [
    ..."\"'`\\$#;{}()[]<>&|%!*?~=:,/@^ \t\n\r",
    ...["${", "$(", "{$", '"}', '"""', "$$", "\\n", '\\"', "\\'", "-- ", "/*", "]]>", "&amp;", "%s", "on", "é", "✓"],
];

/** Any string without NUL, which no file may contain. */
const anyText = fc.oneof(
    fc
        .array(fc.oneof(fc.constantFrom(...signs), fc.constantFrom("a", "B", "0", "_")), { maxLength: 12 })
        .map((all) => all.join("")),
    fc.string({ unit: "grapheme", maxLength: 30 }),
    fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\0")),
);

/** A realistic string that is tricky in each language. */
const traps = ["Bob's shop", "Cash$$", "a$(DB_PASSWORD)b", 'On"', "a\nb", "a\\", "100%", "# no comment", "${HOME}", ""];

/** As many texts as a property test wants. A fixed seed: a failure belongs to the change that brought it. */
export function someTexts(count = 300): string[] {
    const seed = Number(process.env["PROPERTY_SEED"] ?? 1);
    const texts = fc.sample(anyText, { numRuns: count, seed });
    return [...new Set([...traps, ...texts])].filter((text) => !/\p{Surrogate}/u.test(text));
}

/** Those that a writer can write, with what it wrote: most of them, or the writer refuses too much. */
export function written<T>(texts: readonly string[], write: (text: string) => T): [text: string, written: T][] {
    const all = texts.flatMap((text): [string, T][] => {
        try {
            return [[text, write(text)]];
        } catch {
            return [];
        }
    });
    if (all.length < texts.length / 3) throw new Error(`only ${all.length} of ${texts.length} texts were written`);
    return all;
}
