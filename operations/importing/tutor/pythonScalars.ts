import type { ScalarTag } from "yaml";

/**
 * What unquoted texts mean to PyYAML, which writes and reads Tutor's files: YAML 1.1, except that an exponent needs a
 * dot. A generated password such as 12e45678 is therefore written without quotes, and is no number.
 *
 * https://github.com/yaml/pyyaml/blob/6.0.2/lib/yaml/resolver.py
 */
export const pythonScalars: readonly ScalarTag[] = [
    scalar("bool", /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/, (text) =>
        /^(?:yes|true|on)$/i.test(text),
    ),
    scalar("null", /^(?:~|null|Null|NULL|)$/, () => null),
    scalar("int", /^[-+]?(?:0|[1-9][0-9_]*)$/, (text) => whole(text.replaceAll("_", ""))),
    scalar("int", /^[-+]?(?:0b[0-1_]+|0x[0-9a-fA-F_]+|0[0-7_]+)$/, (text) => whole(ofOtherBase(text))),
    scalar("float", /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?$/, (text) =>
        Number(text.replaceAll("_", "")),
    ),
];

function scalar(kind: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag {
    return { tag: `tag:yaml.org,2002:${kind}`, default: true, test, resolve };
}

/** Beyond the safe integers the digits stay a text: Python's integers have no limit. */
const whole = (text: string): number | string => {
    const digits = text.replace(/^\+/, "");
    return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;
};

/** In decimal digits. */
function ofOtherBase(text: string): string {
    const [, sign, digits] = /^([-+]?)(.*)$/.exec(text.replaceAll("_", ""))!;
    // Octal numbers have no letter in YAML 1.1.
    const value = BigInt(digits!.replace(/^0(?=[0-7])/, "0o"));
    return `${sign === "-" ? "-" : ""}${value}`;
}
