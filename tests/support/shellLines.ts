/** A command of a script of sh, and how a trace shows it: by one of these, a line's number and a first word. */
export interface Command {
    readonly text: string;
    readonly shown: readonly string[];
}

/**
 * The commands of a script of sh, also those behind `||` and `&&`; not the tests that decide about them.
 *
 * What a trace never shows is none: comments, the words that only close or divide others, heads of functions, patterns.
 */
export function commandsOf(script: string): Command[] {
    const commands: Command[] = [];
    let from: number | undefined;
    let end: string | undefined;
    const lines = script.split("\n");
    let text = "";
    lines.forEach((line, index) => {
        if (end !== undefined) {
            if (line === end) end = undefined;
            return;
        }
        text = from === undefined ? line : `${text}\n${line}`;
        from ??= index + 1;
        // Quotes that are open, and lines that go on.
        if (text.split('"').length % 2 === 0 || /(\\|\|\||&&|\|)$/.test(line)) return;
        end = /<<(\w+)$/.exec(line)?.[1];
        const numbers = Array.from({ length: index + 2 - from }, (_, more) => from! + more);
        for (const word of firstWords(text))
            commands.push({
                text: `${from}: ${word} in ${text.trim()}`,
                shown: numbers.map((one) => `${one} ${word}`),
            });
        from = undefined;
    });
    return commands;
}

/** What begins a command, after what may stand in front of it. */
const beginning = /^(?:(?:if|elif|then|else|do|while|until|!|\{) |[^\s(]*\) )*([\w.:]+)/;

function firstWords(text: string): string[] {
    if (/^\s*#/.test(text) || /^\w+\(\) \{( #.*)?$/.test(text.trim())) return [];
    const body = text.trim().replace(/^\w+\(\) \{ /, "");
    // Words in quotes and in substitutions are no commands of this line.
    const bare = body
        .replace(/"(?:[^"\\]|\\.)*"/g, '""')
        .replace(/'[^']*'/g, "''")
        .replace(/\$\(\(.*\)\)/g, "0");
    return bare
        .split(/ (?:\|\||&&|\|) |;;? ?/)
        .filter((part) => !/^[^=(]*\)$/.test(part))
        .map((part) => beginning.exec(part.trim())?.[1])
        .filter(
            (word) => word !== undefined && !/^(if|elif|while|fi|done|esac|do|then|else|for|case|in)$/.test(word),
        ) as string[];
}
