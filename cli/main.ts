import pc from "picocolors";
import { isForUsers, UserError } from "../operations/system/errors";
import { program } from "./program";

// A reader such as `head` may close the pipe early.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
});

// If a promise never settles, Node exits with success as soon as nothing else is pending.
const endsEarly = () => {
    console.error(pc.red("Plinth exited before its work was done; this is a bug in Plinth."));
    process.exitCode = 1;
};
process.once("beforeExit", endsEarly);
const done = () => void process.off("beforeExit", endsEarly);

program.parseAsync().then(done, (error: unknown) => {
    done();
    if (isForUsers(error)) console.error(pc.red(error.message));
    else console.error(error);
    process.exitCode = error instanceof UserError ? error.exitCode : 1;
});
