import { hostname } from "node:os";
import { isMissing, locksOf, refuseMissing } from "../engine/engine";
import type { Pulumi } from "../engine/pulumi";
import type { Session } from "../session";
import { UserError } from "../system/errors";
import { rememberingSalt } from "./sandbox";

/**
 * Finds all that a run with the engine needs.
 *
 * @throws UserError that names everything that is missing, each with the way to get it
 */
export async function prepare(session: Session): Promise<Pulumi> {
    const { stack } = session;
    refuseMissing(
        "Nothing was deployed.",
        [await session.engine(true), await session.cluster()].filter(isMissing),
        `Without them: ./plinth preview ${stack}, ./plinth render ${stack} --out DIR for kubectl, and ./plinth launch --sandbox, which brings its own cluster.`,
    );
    return session.pulumi();
}

/** Creates the stack where it does not exist yet. It is not selected: which stack is, is the user's own choice. */
export async function ensureStack(session: Session): Promise<void> {
    if (await session.state()) return;
    const pulumi = await session.pulumi();
    await rememberingSalt(session, () => pulumi.run(["stack", "init", "--no-select"]));
}

/**
 * @param recover whether the lock of a run that is dead is in order
 * @param command what goes on with `--recover` after an interrupted run. @default launch
 * @throws UserError while another run works on the stack, or where one was interrupted
 */
export function checkLocks(session: Session, recover: boolean, command = `./plinth launch ${session.stack}`): void {
    const { stack } = session;
    const locks = locksIn(session);
    const alive = locks.find((lock) => lock.alive);
    if (alive)
        throw new UserError(
            `Another run is working on "${stack}": process ${alive.pid} on ${alive.host}. Wait for it.` +
                (alive.host === hostname() ? "" : ` If you know it to be dead: pulumi cancel --stack ${stack}`),
        );
    if (locks.length > 0 && !recover)
        throw new UserError(
            `A run on "${stack}" was interrupted (process ${locks[0]!.pid} is gone) and left its lock. Go on with: ${command} --recover`,
        );
}

/** A lock elsewhere may be a colleague's, whose run only they can know to be dead: `pulumi cancel` by hand. */
export async function clearLocks(session: Session): Promise<void> {
    if (locksIn(session).length > 0) await (await session.pulumi()).run(["cancel", "--yes"]);
}

/** As they are at this moment. */
const locksIn = (session: Session): ReturnType<typeof locksOf> =>
    locksOf(session.backend(), session.file().project, session.stack);
