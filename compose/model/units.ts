const second = 1_000_000_000n;

/** Compose specification, 11 "Specifying durations", with the days and weeks of compose-go. */
const nanoseconds: Readonly<Record<string, bigint>> = {
    ns: 1n,
    us: 1_000n,
    "\u00b5s": 1_000n,
    "\u03bcs": 1_000n,
    ms: 1_000_000n,
    s: second,
    m: 60n * second,
    h: 3_600n * second,
    d: 86_400n * second,
    w: 604_800n * second,
};

/** @returns undefined if the text is no duration */
export function nanosecondsOf(text: string): bigint | undefined {
    const [, sign, rest] = /^([-+]?)(.*)$/s.exec(text)!;
    if (rest === "0") return 0n;
    const parts = [...rest!.matchAll(/(\d*)(?:\.(\d*))?([^\d.]+)/g)];
    if (parts.length === 0 || parts.map(([part]) => part).join("") !== rest) return undefined;
    let sum = 0n;
    for (const [, whole, fraction, unit] of parts) {
        const size = Object.hasOwn(nanoseconds, unit!) ? nanoseconds[unit!]! : undefined;
        if (size === undefined || `${whole}${fraction ?? ""}` === "") return undefined;
        const digits = (fraction ?? "").slice(0, 18);
        sum += BigInt(whole || 0) * size;
        // As compose-go computes it, in floating point.
        if (digits !== "") sum += BigInt(Math.trunc(Number(digits) * (Number(size) / 10 ** digits.length)));
    }
    return sum < 2n ** 63n ? (sign === "-" ? -sum : sum) : undefined;
}

/** As Go's time.Duration prints it. */
export function durationText(value: bigint): string {
    if (value === 0n) return "0s";
    const size = value < 0n ? -value : value;
    const sign = value < 0n ? "-" : "";
    const decimal = (unit: bigint) => {
        const fraction = String(size % unit)
            .padStart(String(unit).length - 1, "0")
            .replace(/0+$/, "");
        return `${size / unit}${fraction ? `.${fraction}` : ""}`;
    };
    if (size < second) {
        const [unit, name] =
            size < 1_000n
                ? ([1n, "ns"] as const)
                : size < 1_000_000n
                  ? ([1_000n, "\u00b5s"] as const)
                  : ([1_000_000n, "ms"] as const);
        return `${sign}${unit === 1n ? size : decimal(unit)}${name}`;
    }
    const minute = 60n * second;
    const rest = size % minute;
    const fraction = String(rest % second)
        .padStart(9, "0")
        .replace(/0+$/, "");
    const seconds = `${rest / second}${fraction ? `.${fraction}` : ""}s`;
    const minutes = size / minute;
    const parts = minutes >= 60n ? [`${minutes / 60n}h`, `${minutes % 60n}m`] : minutes > 0n ? [`${minutes}m`] : [];
    return `${sign}${parts.join("")}${seconds}`;
}

/** `512`, `64k`, `1.5gb`, `2GiB`: units are powers of 1024. @returns undefined if the text is no size */
export function bytesOf(text: string): bigint | undefined {
    if (/^[-+]?\d+$/.test(text)) {
        const value = BigInt(text.replace(/^\+/, ""));
        if (value >= -(2n ** 63n) && value < 2n ** 63n) return value;
    }
    const match = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?) ?(?:b|([kmgtp])(?:i?b)?)?$/i.exec(text);
    if (!match || Number(match[1]) < 0) return undefined;
    const power = match[2] ? "kmgtp".indexOf(match[2].toLowerCase()) + 1 : 0;
    const value = Number(match[1]) * 1024 ** power;
    return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
}
