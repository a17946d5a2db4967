import { UserError } from "./errors";

/** An external program failed or refused to run. */
export class ToolError<Kind extends string> extends UserError {
    /**
     * @param kind why it failed
     * @param details the program's own message
     * @param output its standard output, if it was captured
     */
    constructor(
        message: string,
        readonly kind: Kind,
        readonly details: string,
        readonly output = "",
        exitCode = 1,
    ) {
        super(message, exitCode);
    }
}

/** The first kind of failure whose sign a program's output contains. */
export const failureIn = <Kind extends string>(
    signs: readonly (readonly [Kind, RegExp])[],
    output: string,
): Kind | "other" => signs.find(([, sign]) => sign.test(output))?.[0] ?? "other";
