import fc from "fast-check";
import type { Dice } from "./dice";

/** Names that every object of JavaScript has or that change what it is. */
export const prototypeKeys = ["__proto__", "constructor", "toString", "hasOwnProperty", "prototype", "valueOf"];

/** Texts that mean something to YAML, shells, nginx, Caddy, PHP, SQL, Kubernetes or a terminal. */
export const nastyTexts = [
    "",
    " ",
    "\n",
    "\t",
    "a\nb",
    "a b",
    "-",
    "--help",
    ".",
    "..",
    "../../x",
    "/",
    "//",
    "/etc/passwd",
    "*",
    "~",
    "null",
    "true",
    "yes",
    "off",
    "0",
    "-1",
    "007",
    "1e400",
    "0x1f",
    "1_000",
    "12:30:45",
    "2026-11-21",
    "2026-11-21T10:00:00Z",
    "{}",
    "[]",
    "{",
    "}",
    "#",
    "# x",
    "a: b",
    "&a",
    "*a",
    "!x",
    "%x",
    "@x",
    "`id`",
    "$(id)",
    "$$",
    "${HOME}",
    "a$(DB_PASSWORD)b",
    "'",
    '"',
    "a'b",
    'a"b',
    "a;b",
    "a; }",
    "\\",
    "a\\",
    "<b>&amp;",
    "--",
    "/* x */",
    "' OR 1=1 --",
    "\u0000",
    "\u0007",
    "\u001b[31mred",
    "\u0085",
    "\u2028",
    "\ufeffx",
    "\ud800",
    "é",
    "ß",
    "日本",
    "😀",
    "xn--bcher-kva",
    "İ",
    "a".repeat(63),
    "a".repeat(64),
    "a".repeat(253),
    "a".repeat(254),
    "a-b",
    "a.b",
    "a_b",
    "A",
    "a/b",
    "a:b",
    "a@b",
    "a=b",
    "localhost",
    "127.0.0.1",
    "::1",
    "0.0.0.0/0",
    "10.0.0.0/33",
    "300.1.1.1",
    "[::1]:80",
    "http://[",
    "https://a b",
    "10Gi",
    "1.5Gi",
    "0",
    "0.0000001",
    "1m",
    "99999999999Pi",
    "500m",
    "1Ei",
    ...prototypeKeys,
];

const long = 300_000;

const numbers = [
    0,
    -0,
    1,
    -1,
    2,
    0.5,
    1.5,
    3,
    10,
    80,
    100,
    101,
    255,
    443,
    1000,
    8080,
    30_000,
    32_767,
    32_768,
    65_535,
    65_536,
    2_147_483_647,
    2_147_483_648,
    3_000_000_000,
    4_294_967_296,
    2 ** 53,
    1e21,
    1e308,
    Infinity,
    -Infinity,
    NaN,
    1e-7,
];

/** A scalar that is seldom valid. */
export function nastyScalar(dice: Dice): unknown {
    switch (dice.below(10)) {
        case 0:
        case 1:
        case 2:
            return dice.among(numbers);
        case 3:
            return dice.among([true, false, null]);
        case 4:
            return dice.of(fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.double(), fc.integer()));
        case 5:
            return dice.chance(0.1) ? "x".repeat(long) : "x ".repeat(dice.below(200));
        default:
            return dice.among(nastyTexts);
    }
}

/** A value of any shape. */
export function nastyValue(dice: Dice): unknown {
    switch (dice.below(8)) {
        case 0:
            return [];
        case 1:
            return {};
        case 2:
            return [nastyScalar(dice), nastyScalar(dice)];
        case 3:
            return withKey(dice.among([...prototypeKeys, ...nastyTexts]), nastyScalar(dice));
        case 4:
            return dice.chance(0.2) ? nested(dice.among([10, 100, 1000])) : dice.of(fc.jsonValue());
        default:
            return nastyScalar(dice);
    }
}

/** An object with one key of its own, whatever that is called. */
export const withKey = (key: string, value: unknown): object =>
    Object.defineProperty({}, key, { value, enumerable: true, configurable: true, writable: true });

function nested(depth: number): unknown {
    let value: unknown = "deep";
    for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
    return value;
}
