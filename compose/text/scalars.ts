import { Instant, type Value } from "../node";

/**
 * What a YAML text without quotes means: YAML 1.2's core schema with what go.yaml.in/yaml/v4 adds to it, which Compose
 * reads with: octal numbers with a leading 0 (`mode: 0440`), underscores in numbers, and dates.
 */
export function meaningOf(text: string): Value {
    const known = words.get(text);
    if (known !== undefined) return known;
    if (!/^[-+.\d]/.test(text)) return text;
    const plain = text.replaceAll("_", "");
    return instant(text) ?? integer(plain) ?? float(text.startsWith(".") ? text : plain) ?? text;
}

/** The same for a text with a tag, such as `!!int "5"`; undefined if they do not fit. */
export function taggedMeaning(tag: string, text: string): Value | undefined {
    const value = meaningOf(text);
    switch (tag) {
        case "tag:yaml.org,2002:int":
            return typeof value === "bigint" ? value : undefined;
        case "tag:yaml.org,2002:float":
            return typeof value === "bigint" ? Number(value) : typeof value === "number" ? value : undefined;
        case "tag:yaml.org,2002:bool":
            return typeof value === "boolean" ? value : undefined;
        case "tag:yaml.org,2002:null":
            return value === null ? value : undefined;
        case "tag:yaml.org,2002:timestamp":
            return value instanceof Instant ? value : undefined;
        case "tag:yaml.org,2002:binary":
            return Buffer.from(text, "base64").toString("utf8");
        default:
            return text;
    }
}

const words: ReadonlyMap<string, Value> = new Map<string, Value>([
    ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
    ...["true", "True", "TRUE"].map((word) => [word, true] as const),
    ...["false", "False", "FALSE"].map((word) => [word, false] as const),
    ...[".nan", ".NaN", ".NAN"].map((word) => [word, NaN] as const),
    ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((word) => [word, Infinity] as const),
    ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, -Infinity] as const),
    ...["-0", "-0.0"].map((word) => [word, -0] as const),
]);

/** Go's strconv.ParseInt with base 0, up to the largest uint64; undefined if it is none. */
export function integer(text: string): bigint | undefined {
    const match = /^([-+]?)(?:0[xX]([\da-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9]\d*))$/.exec(text);
    if (!match) return undefined;
    const [, sign, hexadecimal, octal, binary, decimal] = match;
    const size = BigInt(hexadecimal ? `0x${hexadecimal}` : octal ? `0o${octal}` : binary ? `0b${binary}` : decimal!);
    const value = sign === "-" ? -size : size;
    return value >= -(2n ** 63n) && value < (sign ? 2n ** 63n : 2n ** 64n) ? value : undefined;
}

function float(text: string): number | undefined {
    if (!/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(text)) return undefined;
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
}

/** RFC 3339 with short fields, or a date alone: https://yaml.org/type/timestamp.html as Go's time.Parse reads it. */
function instant(text: string): Instant | undefined {
    const match =
        /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})([.,]\d+)?(Z|[-+]\d\d:\d\d))|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})([.,]\d+)?))?$/.exec(
            text,
        );
    if (!match) return undefined;
    const [year, month, day] = [match[1], match[2], match[3]].map(Number) as [number, number, number];
    const [hour, minute, second] = [4, 5, 6].map((i) => Number(match[i] ?? match[i + 5] ?? 0));
    const exists = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day && month >= 1 && month <= 12;
    if (!exists || day < 1 || hour! > 23 || minute! > 59 || second! > 59) return undefined;
    const two = (value: number) => String(value).padStart(2, "0");
    const date = `${match[1]}-${two(month)}-${two(day)}`;
    const digits = (match[7] ?? match[12] ?? "").slice(1, 10).replace(/0+$/, "");
    const time = `${two(hour!)}:${two(minute!)}:${two(second!)}${digits ? `.${digits}` : ""}`;
    const zone = match[8] === undefined || match[8] === "Z" ? undefined : match[8];
    const offset = zone?.replace(":", "");
    return new Instant(`${date}T${time}${zone ?? "Z"}`, `${date} ${time} ${offset ?? "+0000"} ${offset ?? "UTC"}`);
}
