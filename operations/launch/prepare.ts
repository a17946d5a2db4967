import { hostname } from "node:os";
import {
    type Backend,
    chooseBackend,
    type Engine,
    findCluster,
    isMissing,
    locksOf,
    type Missing,
    present,
    type Ready,
    refuseMissing,
} from "../engine/engine";
import type { Rendering } from "../render/rendering";
import { clusterOf } from "../stackfile/stackConfig";
import { UserError } from "../system/errors";
import { read, run } from "../system/shell";
import { rememberingSalt } from "./sandbox";

/**
 * Finds all that a run with the engine needs.
 *
 * @throws UserError that names everything that is missing, each with the way to get it
 */
export async function prepare(stack: string, engine: Engine | Missing): Promise<Ready> {
    refuseMissing(
        "Nothing was deployed.",
        [engine, await findCluster(clusterOf(stack))].filter(isMissing),
        `Without them: ./plinth preview ${stack}, ./plinth render ${stack} --out DIR for kubectl, and ./plinth launch --sandbox, which brings its own cluster.`,
    );
    return { engine: present(engine), backend: chooseBackend(stack) };
}

/** Creates the stack where it does not exist yet. It is not selected: which stack is, is the user's own choice. */
export async function ensureStack({ engine, backend: { env } }: Ready, stack: string): Promise<void> {
    const { ok } = await read(engine.command, ["stack", "--show-name", "--stack", stack], { env });
    if (!ok)
        await rememberingSalt(() => run(engine.command, ["stack", "init", "--no-select", "--stack", stack], { env }));
}

/**
 * @param recover whether the lock of a run that is dead is in order
 * @param command what goes on with `--recover` after an interrupted run. @default launch
 * @throws UserError while another run works on the stack, or where one was interrupted
 */
export function checkLocks(
    { project, stack }: Pick<Rendering, "project" | "stack">,
    backend: Backend,
    recover: boolean,
    command = `./plinth launch ${stack}`,
): void {
    const locks = locksOf(backend, project, stack);
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
export async function clearLocks(
    { engine, backend }: Ready,
    { project, stack }: Pick<Rendering, "project" | "stack">,
): Promise<void> {
    if (locksOf(backend, project, stack).length > 0)
        await run(engine.command, ["cancel", "--yes", "--stack", stack], { env: backend.env });
}
