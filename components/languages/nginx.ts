import { joined, languageOf, Refusal, type Text, written } from "./text";

export type Nginx = Text<"nginx">;

/** A part of nginx.conf. */
export const nginx = languageOf<"nginx">();

/** nginx reads a word into a buffer of 4096 bytes. */
const longest = 4000;

/** Escapes with a backslash inside quotes, with their meaning: ngx_conf_read_token of nginx' src/core/ngx_conf_file.c. */
const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function quoted(text: string): Nginx {
    if (text.includes("\0") || Buffer.byteLength(text) > longest)
        throw new Refusal(`allowed: at most ${longest} bytes, and no NUL`);
    if (/^[\w.:/@+%=,*-]+$/.test(text)) return written(text);
    return written(`"${text.replace(/[\\"]/g, "\\$&").replace(/[\n\r\t]/g, (sign) => escapes[sign]!)}"`);
}

/**
 * One parameter, exactly this text.
 *
 * @throws Refusal for `$`, which begins a variable and cannot be escaped in nginx
 */
export function word(text: string): Nginx {
    if (text.includes("$")) throw new Refusal("allowed: a text without $, which nginx takes for a variable");
    return quoted(text);
}

/** A regular expression, where `$` is not a variable but the end. */
export const pattern = (text: string): Nginx => quoted(text);

/** A key of a `map`: exactly this text. https://nginx.org/en/docs/http/ngx_http_map_module.html#map */
export const mapKey = (text: string): Nginx =>
    word(/^(default|hostnames|include|volatile)$|^[\\~]/.test(text) ? `\\${text}` : text);

/** A line of the user's that would affect lines outside its block. */
export class LineRefusal extends Refusal {
    constructor(
        /** Index of the line, from 0. */
        readonly index: number,
        allowed: string,
    ) {
        super(allowed);
    }
}

/**
 * The user's lines for the inside of a block, unchanged: even if nginx refuses them, they do not affect what comes
 * after them. They are parsed as nginx does; except that `${name}`, which not every version
 * reads as one word, must be in quotes, and quotes and directives must end with their line.
 *
 * @throws LineRefusal
 */
export function userLines(lines: readonly string[]): Nginx {
    const opened: number[] = [];
    for (const [index, line] of lines.entries())
        for (const sign of signsOf(line, (allowed) => new LineRefusal(index, allowed))) {
            if (sign === "{") opened.push(index);
            else if (opened.pop() === undefined)
                throw new LineRefusal(index, "allowed: '}' for each '{' before it, and no more");
        }
    const open = opened.pop();
    if (open !== undefined) throw new LineRefusal(open, "allowed: blocks that end: a '}' is missing");
    return joined(lines.map(written<"nginx">), "\n");
}

const words = [
    // Quotes count only at the start of a word; after the closing one comes a blank, an end, or the ) of a condition.
    /"(?:\\[^]|[^"\\])*"(?=[ \t;{)]|$)/y,
    /'(?:\\[^]|[^'\\])*'(?=[ \t;{)]|$)/y,
    /(?!["'])(?:\\[^]|[^ \t;{\\])+/y,
];

/** The braces of a line, in order, that nginx reads as the ends of blocks. */
function signsOf(line: string, refusal: (allowed: string) => Refusal): ("{" | "}")[] {
    // eslint-disable-next-line no-control-regex -- a line has none but tabs
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(line)) throw refusal("allowed: one line of text");
    const signs: ("{" | "}")[] = [];
    let inDirective = false;
    let at = 0;
    while (at < line.length) {
        const sign = line[at]!;
        if (sign === "#") break;
        if (sign === " " || sign === "\t") {
            at++;
        } else if (sign === ";" || sign === "{") {
            if (!inDirective) throw refusal(`allowed: a directive before each '${sign}'`);
            if (sign === "{") signs.push(sign);
            inDirective = false;
            at++;
        } else if (sign === "}" && !inDirective) {
            signs.push(sign);
            at++;
        } else if (sign === "}") {
            throw refusal("allowed: a ';' before '}'");
        } else {
            const length = wordAt(line, at);
            if (length === undefined || length > longest)
                throw refusal("allowed: quotes that end in their line, with a blank or ';' after them");
            inDirective = true;
            at += length;
            if (line[at] === "{" && line[at - 1] === "$") throw refusal('allowed: "${name}" in quotes');
        }
    }
    if (inDirective) throw refusal("allowed: lines that end with ';', '{' or '}', such as add_header X-Shop acme;");
    return signs;
}

function wordAt(line: string, at: number): number | undefined {
    for (const word of words) {
        word.lastIndex = at;
        const found = word.exec(line)?.[0];
        if (found !== undefined) return found.length;
    }
    return undefined;
}
