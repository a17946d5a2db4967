import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Answer } from "./child";

/** Maximum CPU time of a mutant in seconds. */
export const longest = 10;

/** Maximum wall-clock time in seconds: on a busy machine a CPU second takes several. */
const patience = 60;

/** Number of mutants after which a process is replaced, because the engine's library keeps memory of each run. */
const turns = 500;

export type Judged =
    Answer | { readonly seed: number; readonly outcome: "hung" | "ended"; readonly faults: readonly string[] };

/** Judges mutants in separate processes, so that one that hangs or ends its process is also a finding. */
export class Worker {
    private child: ChildProcess | undefined;
    private done = 0;

    async judge(seed: number): Promise<Judged> {
        if (this.done++ % turns === 0) this.close();
        const child = (this.child ??= await started());
        return new Promise((resolve) => {
            const finish = (judged: Judged) => {
                clearTimeout(timer);
                child.removeAllListeners();
                if (judged.outcome === "hung" || judged.outcome === "ended") this.child = undefined;
                resolve(judged);
            };
            const timer = setTimeout(() => {
                child.kill("SIGKILL");
                finish({ seed, outcome: "hung", faults: [`no answer after ${patience} seconds`] });
            }, patience * 1000);
            child.once("message", (answer: Answer) => {
                const slow =
                    answer.seconds > longest ? [`took ${answer.seconds.toFixed(1)} seconds of the processor`] : [];
                finish({ ...answer, faults: [...answer.faults, ...slow] });
            });
            child.once("exit", (code, signal) =>
                finish({ seed, outcome: "ended", faults: [`its process ended with ${code ?? signal}`] }),
            );
            child.send(seed);
        });
    }

    close(): void {
        if (this.child?.connected) this.child.disconnect();
        this.child = undefined;
    }
}

async function started(): Promise<ChildProcess> {
    const loader = join(__dirname, "..", "..", "cli", "loader.cjs");
    const child = fork(join(__dirname, "child.ts"), { execArgv: ["--require", loader], serialization: "advanced" });
    await new Promise((resolve, reject) => {
        child.once("message", resolve);
        child.once("exit", (code) => reject(new Error(`a process for mutants ended with ${code}`)));
    });
    child.removeAllListeners();
    return child;
}
