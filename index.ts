import * as pulumi from "@pulumi/pulumi";
import { endWith, givenByEngine, register } from "./components/registering";
import { ConfigError } from "./config/problems";
import { declareProgram } from "./platforms/program";

/**
 * The engine's entry point. The whole stack is declared and checked before the first resource is registered, so that
 * mistakes change nothing.
 *
 * The stack itself is declared in `platforms/program.ts`, which needs neither engine nor SDK.
 */
function plinth(): object {
    try {
        const { plan, outputs } = declareProgram(givenByEngine());
        for (const warning of outputs.warnings) void pulumi.log.warn(warning);
        return register(plan, outputs);
    } catch (error) {
        if (error instanceof ConfigError) return endWith(error.message);
        throw error;
    }
}

// The engine calls the exported function and uses its result as the stack's outputs.
export = plinth;
