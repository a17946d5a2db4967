import { LineCounter, parseDocument, type YAMLError } from "yaml";
import { ConfigError, type Problem } from "./problems";

/**
 * What each mistake means. The library's own messages quote the text, where a secret may stand: an unclosed quote or a
 * password that begins with `*` is one of the commonest mistakes there is.
 */
const meanings: Readonly<Record<YAMLError["code"], string>> = {
    ALIAS_PROPS: "an alias (*) can have neither anchor nor tag",
    BAD_ALIAS: "an alias (*) or anchor (&) has no usable name; quote a text that begins with * or &",
    BAD_COLLECTION_TYPE: "a tag (!) does not fit what it stands before",
    BAD_DIRECTIVE: "a directive (%) is not known; quote a text that begins with %",
    BAD_DQ_ESCAPE: "there is no such escape after the \\ in double quotes; write \\\\ or use single quotes",
    BAD_INDENT: "the indentation does not fit the lines above",
    BAD_PROP_ORDER: "an anchor (&) or tag (!) stands before what it must follow",
    BAD_SCALAR_START: "a text without quotes cannot begin with this character; quote it",
    BLOCK_AS_IMPLICIT_KEY: "a map or list begins where a value of one line is expected; quote a text with ': ' in it",
    BLOCK_IN_FLOW: "inside braces or brackets there can be no indented map, list or text",
    DUPLICATE_KEY: "the key stands twice in this map",
    IMPOSSIBLE: "the text is no YAML",
    KEY_OVER_1024_CHARS: "the key is longer than 1024 characters",
    MISSING_CHAR: "a closing quote, a comma, a colon, a '-' or a blank is missing",
    MULTILINE_IMPLICIT_KEY: "a key must be on one line; a ':' is missing, or a line is not indented as its neighbours",
    MULTIPLE_ANCHORS: "there can be one anchor (&) only",
    MULTIPLE_DOCS: "there can be one document only; take '---' out",
    MULTIPLE_TAGS: "there can be one tag (!) only",
    NON_STRING_KEY: "a key must be a text",
    RESOURCE_EXHAUSTION: "the text is nested too deeply",
    TAB_AS_INDENT: "lines are indented with blanks, not with tabs",
    TAG_RESOLVE_FAILED: "the tag (!) is not known; quote a text that begins with !",
    UNEXPECTED_TOKEN:
        "something stands where it cannot; quote a text that begins with one of | > [ ] { } , # & * ! % @",
};

/**
 * Reads a YAML text that a user wrote.
 *
 * @param name of the file, for messages
 * @throws ConfigError with line, column and what is wrong, and nothing of what is written there
 */
export function readYaml(text: string, name: string): unknown {
    const lines = new LineCounter();
    const document = parseDocument(text, {
        prettyErrors: false,
        lineCounter: lines,
        // Nothing is printed here: what cannot be read is reported.
        logLevel: "error",
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
                ? "an alias (*) means no anchor (&) before it, or too much by way of others; quote a text that begins with *"
                : // Of the library's own, which quotes what is written.
                  "a merge key (<<) or a tag (!) stands before what it does not fit; write the keys out";
        throw new ConfigError([{ path: name, message }]);
    }
}
