import * as pulumi from "@pulumi/pulumi";
import { givenByEngine, register } from "./components/registering";
import { declareProgram } from "./platforms/program";

/**
 * What the engine runs: the whole stack is declared and checked before the first resource is registered, so that a
 * mistake changes nothing.
 *
 * What a stack consists of is in `platforms/program.ts`, which needs neither engine nor SDK.
 */
function plinth(): object {
    const { plan, outputs } = declareProgram(givenByEngine());
    for (const warning of outputs.warnings) void pulumi.log.warn(warning);
    return register(plan, outputs);
}

// The engine calls what the program exports, and takes the result as the stack's outputs.
export = plinth;
