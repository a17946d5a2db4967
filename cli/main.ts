import pc from "picocolors";
import { isForUsers, UserError } from "../operations/system/errors";
import { program } from "./program";

// A reader such as `head` may have seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
});

// A promise that nobody keeps leaves nothing to wait for, and Node would end as if all were well.
const endsEarly = () => {
    console.error(pc.red("plinth ended before its work was done; this is a mistake of its own."));
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
