/**
 * The words of a command line as go-shellwords splits them, which compose-go uses: quotes and backslashes count, nothing
 * is expanded, and the line ends at `;`, `&`, `|`, `<` or `>`.
 *
 * @returns undefined if a quote or bracket is not closed
 */
export function commandWords(line: string): string[] | undefined {
    const words: string[] = [];
    let word = "";
    let isWord = false;
    /** What has to be closed. */
    const open = { escape: false, single: false, double: false, back: false, dollar: false };
    const isQuoted = () => open.single || open.double || open.back || open.dollar;
    for (const character of line) {
        if (open.escape) {
            word += character;
            open.escape = false;
            isWord = true;
            continue;
        }
        if (character === "\\") {
            if (open.single) word += character;
            else open.escape = true;
            continue;
        }
        if (/[ \t\r\n]/.test(character)) {
            if (isQuoted()) word += character;
            else if (isWord) {
                words.push(word);
                word = "";
                isWord = false;
            }
            continue;
        }
        if (character === "`" && !open.single && !open.double && !open.dollar) open.back = !open.back;
        else if (character === ")" && !open.single && !open.double && !open.back) open.dollar = !open.dollar;
        else if (character === "(" && !open.single && !open.double && !open.back) {
            if (open.dollar || !word.endsWith("$")) return undefined;
            open.dollar = true;
            word += character;
            continue;
        } else if (character === '"' && !open.single && !open.dollar) {
            if (open.double) isWord = true;
            open.double = !open.double;
            continue;
        } else if (character === "'" && !open.double && !open.dollar) {
            if (open.single) isWord = true;
            open.single = !open.single;
            continue;
        } else if (/[;&|<>]/.test(character) && !isQuoted()) {
            // `2>` is a redirection, not a word.
            if (character === ">" && /^\d/.test(word)) isWord = false;
            break;
        }
        isWord = true;
        word += character;
    }
    if (isWord) words.push(word);
    return open.escape || isQuoted() ? undefined : words;
}
