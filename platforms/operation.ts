import type { z } from "zod";
import type { SecretRule } from "../config/secrets";

/** A word that users write after an operation's name. */
export interface OperationArgument {
    /** As `command` gets it, and in capitals in the usage line. */
    readonly name: string;
    /** One line, without a full stop. */
    readonly description: string;
    /** Whether it may be left out; all after it may be, too. @default false */
    readonly optional?: boolean;
    /** Whether it takes all remaining words; the last argument only. @default false */
    readonly variadic?: boolean;
    /** The only words that are allowed. @default any */
    readonly choices?: readonly string[];
    /** What a word must satisfy; its messages say what is allowed. @default any text that is not empty */
    readonly schema?: z.ZodType<string>;
}

/** A word with two dashes that users may add to an operation. */
export interface OperationOption {
    /** One line, without a full stop. */
    readonly description: string;
    /** What its value is, in the usage line: `NAME`. @default it has none: a flag */
    readonly value?: string;
    /** The only values that are allowed. @default any */
    readonly choices?: readonly string[];
}

type ArgumentValue<A extends OperationArgument> = A extends { readonly variadic: true }
    ? readonly string[]
    : A extends { readonly optional: true }
      ? string | undefined
      : string;

/** What a user has written, by the names of arguments and options; an option that is left out is undefined or false. */
export type OperationInput<
    Arguments extends readonly OperationArgument[],
    Options extends Readonly<Record<string, OperationOption>>,
> = { readonly [A in Arguments[number] as A["name"]]: ArgumentValue<A> } & {
    readonly [O in keyof Options]: Options[O] extends { readonly value: string } ? string | undefined : boolean;
};

/** What `./plinth run INSTANCE OPERATION` does in a pod of a running instance. */
export interface OperationDefinition<
    Arguments extends readonly OperationArgument[],
    Options extends Readonly<Record<string, OperationOption>>,
> {
    /** Its purpose: one line, without a full stop. */
    readonly summary: string;
    /** The component in whose pods it runs: `web`. */
    readonly component: string;
    /** @default the pod's main container */
    readonly container?: string;
    /** In their order. @default none */
    readonly arguments?: Arguments;
    /** By name, without dashes. @default none */
    readonly options?: Options;
    /**
     * Passwords and the like, by name. They are typed without echo, read from standard input, or generated. The
     * command gets each as a line of its standard input, in this order; they are nowhere else.
     *
     * @default none
     */
    readonly asks?: Readonly<Record<string, SecretRule>>;
    /**
     * The command and its arguments, which no shell reads: a word of the user's stays one argument. It must not end up
     * in the text of a script either; pass it as an argument of the script.
     */
    readonly command: (input: OperationInput<Arguments, Options>) => readonly string[];
    /**
     * Whether all words after its name, options included, belong to the command, and come in its variadic argument.
     *
     * @default false
     */
    readonly passThrough?: boolean;
    /** Whether it reads what users type: a shell. Not together with `asks`. @default false */
    readonly interactive?: boolean;
    /** What is lost or interrupted, as a sentence; users confirm it with the instance's name. @default nothing is */
    readonly confirm?: string;
}

/** An operation whatever its arguments: `command` gets exactly those that are declared. */
export type Operation = OperationDefinition<readonly OperationArgument[], Readonly<Record<string, OperationOption>>> & {
    readonly command: (
        input: Readonly<Record<string, string | readonly string[] | boolean | undefined>>,
    ) => readonly string[];
};

/** Operations by the names that users type. */
export type Operations = Readonly<Record<string, Operation>>;

/**
 * An operation from its definition; the type of what `command` gets is derived from arguments and options.
 *
 * @throws RangeError for a definition that users could not use
 */
export function operation<
    const Arguments extends readonly OperationArgument[] = readonly [],
    const Options extends Readonly<Record<string, OperationOption>> = Readonly<Record<never, OperationOption>>,
>(definition: OperationDefinition<Arguments, Options>): Operation {
    const { summary, asks = {}, interactive = false, passThrough = false } = definition;
    const given: readonly OperationArgument[] = definition.arguments ?? [];
    const options = Object.keys(definition.options ?? {});
    const refuse = (why: string): never => {
        throw new RangeError(`the operation "${summary}" ${why}`);
    };
    const names = [...given.map(({ name }) => name), ...options];
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) refuse(`has two arguments or options named "${twice}"`);
    const own = options.find((name) => reserved.includes(name));
    if (own !== undefined) refuse(`has an option --${own}, which belongs to the command itself`);
    if (given.slice(0, -1).some(({ variadic }) => variadic)) refuse("has a variadic argument that is not the last one");
    if (given.some(({ optional }, index) => optional && given[index + 1] && !given[index + 1]!.optional))
        refuse("has a required argument after an optional one");
    if (passThrough && (options.length > 0 || !given.at(-1)?.variadic))
        refuse("passes everything through; that needs a variadic argument and no options");
    if (Object.values(asks).some(({ lines }) => lines))
        refuse("asks for a secret of several lines; allowed: one line each");
    if (interactive && Object.keys(asks).length > 0)
        refuse("is interactive and asks for secrets; both need its standard input");
    return definition as unknown as Operation;
}

/** Options that `run` has itself. */
const reserved = ["stack", "yes", "generate", "help"];
