import { hostname } from "node:os";
import { isMissing, locksOf, refuseMissing } from "../engine/engine";
import type { Pulumi } from "../engine/pulumi";
import type { Session } from "../session";
import { UserError } from "../system/errors";
import { moveSalt } from "../stackfile/salt";
import { rememberingSalt } from "./sandbox";

/**
 * Finds everything that a run with the engine needs.
 *
 * @throws UserError that lists everything missing, with how to get it
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

/** Creates the stack if it does not exist yet, without selecting it: that is left to the user. */
export async function ensureStack(session: Session): Promise<void> {
    if (await session.state()) return;
    const pulumi = await session.pulumi();
    await rememberingSalt(session, async () => {
        await pulumi.run(["stack", "init", "--no-select"]);
        moveSalt(session.path);
    });
}

/**
 * @param recover whether the lock of a dead run is accepted
 * @param command command that continues an interrupted run with `--recover`. @default launch
 * @throws UserError while another run is in progress, or if one was interrupted
 */
export function checkLocks(session: Session, recover: boolean, command = `./plinth launch ${session.stack}`): void {
    const { stack } = session;
    const locks = locksIn(session);
    const alive = locks.find((lock) => lock.alive);
    if (alive)
        throw new UserError(
            `Another run is working on "${stack}": process ${alive.pid} on ${alive.host}. Wait for it.` +
                (alive.host === hostname() ? "" : ` If you know that it is dead: pulumi cancel --stack ${stack}`),
        );
    if (locks.length > 0 && !recover)
        throw new UserError(
            `A run on "${stack}" was interrupted (process ${locks[0]!.pid} no longer exists) and left its lock. Continue with: ${command} --recover`,
        );
}

/** Locks of other machines are kept: only their users know whether those runs are dead, and can use `pulumi cancel`. */
export async function clearLocks(session: Session): Promise<void> {
    if (locksIn(session).length > 0) await (await session.pulumi()).run(["cancel", "--yes"]);
}

/** The current locks. */
const locksIn = (session: Session): ReturnType<typeof locksOf> =>
    locksOf(session.backend(), session.file().project, session.stack);
