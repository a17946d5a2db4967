type Table = Readonly<Record<string, unknown>>;

/** The values of Tutor's variables, with plain references resolved. */
export class Variables {
    /**
     * @param written what config.yml sets
     * @param usual defaults of all other variables
     */
    constructor(
        private readonly written: Table,
        private readonly usual: Table,
    ) {}

    /** Names in config.yml, in its order. */
    get names(): readonly string[] {
        return Object.keys(this.written);
    }

    isWritten(name: string): boolean {
        return Object.hasOwn(this.written, name);
    }

    /** Whether the value can only be computed by Tutor: a Jinja expression that is more than references, or a circle. */
    isTemplate(name: string): boolean {
        return this.value(name) === template;
    }

    /** Whether config.yml sets it to another value than the default. */
    isChanged(name: string): boolean {
        if (!this.isWritten(name)) return false;
        if (!Object.hasOwn(this.usual, name)) return true;
        const usual = new Variables({}, { ...this.usual, ...this.without(name) }).value(name);
        return JSON.stringify(this.value(name)) !== JSON.stringify(usual);
    }

    /** @returns undefined if it is not set, empty, or only Tutor can compute it */
    text(name: string): string | undefined {
        const value = this.value(name);
        if (value === template || value === undefined || value === null || typeof value === "object") return undefined;
        return printed(value) || undefined;
    }

    /** @returns undefined if it is no whole number */
    number(name: string): number | undefined {
        const text = this.text(name);
        return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
    }

    /** The parts of a text between commas. */
    list(name: string): readonly string[] | undefined {
        return this.text(name)
            ?.split(",")
            .map((part) => part.trim());
    }

    /** @returns undefined if it is no boolean */
    flag(name: string): boolean | undefined {
        const text = this.text(name)?.toLowerCase();
        return text === "true" ? true : text === "false" ? false : undefined;
    }

    private without(name: string): Table {
        return Object.fromEntries(Object.entries(this.written).filter(([key]) => key !== name));
    }

    private value(name: string, above: readonly string[] = []): unknown {
        const value = Object.hasOwn(this.written, name)
            ? this.written[name]
            : Object.hasOwn(this.usual, name)
              ? this.usual[name]
              : undefined;
        if (typeof value !== "string" || !/\{[{%#]/.test(value)) return value;
        if (above.includes(name)) return template;
        let isOther = false;
        const text = value.replace(/\{\{-?\s*([A-Z][A-Z0-9_]*)\s*-?\}\}/g, (_, key: string) => {
            const inner = this.value(key, [...above, name]);
            if (inner === template || inner === undefined || inner === null || typeof inner === "object")
                isOther = true;
            return isOther ? "" : printed(inner);
        });
        return isOther || /\{[{%#]/.test(value.replace(/\{\{-?\s*[A-Z][A-Z0-9_]*\s*-?\}\}/g, "")) ? template : text;
    }
}

const template = Symbol("a value that only Tutor can compute");

/** As Jinja prints it. */
const printed = (value: unknown): string =>
    typeof value === "boolean" ? (value ? "True" : "False") : String(value as string | number);
