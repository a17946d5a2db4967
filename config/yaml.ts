import { LineCounter, parseDocument, type ScalarTag, type YAMLError } from "yaml";
import { ConfigError, type Problem } from "./problems";

/**
 * Messages for each error. The library's own messages quote the text, which may contain a secret: unclosed quotes and
 * passwords that begin with `*` are among the most common errors.
 */
export const meanings: Readonly<Record<YAMLError["code"], string>> = {
    ALIAS_PROPS: "an alias (*) can have neither anchor nor tag",
    BAD_ALIAS: "an alias (*) or anchor (&) has no usable name; quote a text that begins with * or &",
    BAD_COLLECTION_TYPE: "a tag (!) does not fit the value after it",
    BAD_DIRECTIVE: "a directive (%) is not known; quote a text that begins with %",
    BAD_DQ_ESCAPE: "an unknown escape follows the \\ in double quotes; write \\\\ or use single quotes",
    BAD_INDENT: "the indentation does not fit the lines above",
    BAD_PROP_ORDER: "an anchor (&) or tag (!) is before something that it must follow",
    BAD_SCALAR_START: "a text without quotes cannot begin with this character; quote it",
    BLOCK_AS_IMPLICIT_KEY: "a map or list begins where a value of one line is expected; quote a text with ': ' in it",
    BLOCK_IN_FLOW: "an indented map, list or text is not allowed inside braces or brackets",
    DUPLICATE_KEY: "the key occurs twice in this map",
    IMPOSSIBLE: "the text is not valid YAML",
    KEY_OVER_1024_CHARS: "the key is longer than 1024 characters",
    MISSING_CHAR: "a closing quote, a comma, a colon, a '-' or a space is missing",
    MULTILINE_IMPLICIT_KEY:
        "a key must be on one line; a ':' is missing, or a line is not indented like its neighbours",
    MULTIPLE_ANCHORS: "only one anchor (&) is allowed",
    MULTIPLE_DOCS: "only one document is allowed; remove '---'",
    MULTIPLE_TAGS: "only one tag (!) is allowed",
    NON_STRING_KEY: "a key must be a text",
    RESOURCE_EXHAUSTION: "the text is nested too deeply",
    TAB_AS_INDENT: "lines must be indented with spaces, not tabs",
    TAG_RESOLVE_FAILED: "the tag (!) is not known; quote a text that begins with !",
    UNEXPECTED_TOKEN: "an unexpected token; quote a text that begins with one of | > [ ] { } , # & * ! % @",
};

/**
 * Reads a YAML text that a user wrote.
 *
 * @param name of the file, for messages
 * @param scalars what unquoted texts mean, the first that matches; others stay texts. @default YAML 1.2's numbers,
 *   booleans and null
 * @throws ConfigError with line, column and what is wrong, without quoting the text
 */
export function readYaml(text: string, name: string, scalars?: readonly ScalarTag[]): unknown {
    const lines = new LineCounter();
    const document = parseDocument(text, {
        prettyErrors: false,
        lineCounter: lines,
        // Nothing is printed here: what cannot be read is reported.
        logLevel: "error",
        // As the engine does.
        merge: true,
        ...(scalars ? { schema: "failsafe", customTags: (tags) => [...scalars, ...tags] } : {}),
    });
    // A tag that is only warned of takes the value away that begins with it.
    const mistakes = [...document.errors, ...document.warnings].map(({ code, pos: [start] }): Problem => {
        const { line, col } = lines.linePos(start);
        return { path: name, message: `line ${line}, column ${col}: ${meanings[code]}` };
    });
    if (mistakes.length > 0) throw new ConfigError(mistakes);
    try {
        return document.toJS() as unknown;
    } catch (error) {
        const message =
            error instanceof ReferenceError
                ? "an alias (*) has no anchor (&) before it, or expands too far; quote a text that begins with *"
                : // Replaces the library's message, which would quote the text.
                  "a merge key (<<) or a tag (!) does not fit the value after it; write the keys out";
        throw new ConfigError([{ path: name, message }]);
    }
}
