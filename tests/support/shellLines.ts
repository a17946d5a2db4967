/**
 * The commands of a script of sh, each as the numbers of the lines that it takes.
 *
 * What a trace never shows is none: comments, the words that only close or divide others, heads of functions, patterns.
 */
export function commandsOf(text: string): number[][] {
    const commands: number[][] = [];
    let open: number[] | undefined;
    let end: string | undefined;
    let quotes = 0;
    text.split("\n").forEach((line, index) => {
        if (end !== undefined) {
            if (line === end) end = undefined;
            return;
        }
        if (open === undefined) {
            if (/^\s*(#.*|else|fi|done( <<\w+)?|esac|do|then|\{|\}|;;|\w+\(\) \{( #.*)?|[^()]+\)( ;;)?|)$/.test(line)) {
                end = /<<(\w+)$/.exec(line)?.[1];
                return;
            }
            commands.push((open = []));
            quotes = 0;
        }
        open.push(index + 1);
        quotes += line.split('"').length - 1;
        end = /<<(\w+)$/.exec(line)?.[1];
        if (quotes % 2 === 0 && !/(\\|\|\||&&|\|)$/.test(line)) open = undefined;
    });
    return commands;
}
