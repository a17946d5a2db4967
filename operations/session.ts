import { join } from "node:path";
import type { Context } from "../config/kubeconfig";
import type { StackConfig } from "../config/stack";
import { platformsOf } from "../platforms/elsewhere";
import type { Platforms } from "../platforms/platform";
import { type Kubectl, kubectlOn, noKubectl } from "./cluster/kubectl";
import { kubectlArgs } from "./cluster/kubectlArgs";
import {
    type Backend,
    chooseBackend,
    type Engine,
    findCluster,
    findEngine,
    type Missing,
    presentOrThrow,
} from "./engine/engine";
import { type Pulumi, pulumiOn } from "./engine/pulumi";
import { readState, type State } from "./engine/state";
import { type RenderArgs, type Rendering, renderStack } from "./render/rendering";
import { stackConfig } from "./stackfile/stackConfig";
import { readStackFile, type StackFile } from "./stackfile/stackFile";
import { once } from "./system/once";
import { root } from "./system/root";
import { findOnPath } from "./system/shell";

export interface SessionArgs {
    /** Folder of the stack files. @default the project's own */
    readonly folder?: string;
    /** Those beside `plinth:platforms`. @default the built-in ones */
    readonly platforms?: Platforms;
    /** Whether the stack's commands go to the sandbox. @default false */
    readonly isInSandbox?: boolean;
}

/**
 * One stack, as it is now, for one command: each value is looked up on first use and then cached for the whole session.
 * Changes made in the meantime are seen by the next session: {@link refreshed}.
 */
export class Session {
    /** Folder of the stack files. */
    readonly folder: string;
    /** Whether the stack's commands go to the sandbox. */
    readonly isInSandbox: boolean;

    constructor(
        readonly stack: string,
        private readonly args: SessionArgs = {},
        private readonly engines: Engines = {},
    ) {
        this.folder = args.folder ?? root;
        this.isInSandbox = args.isInSandbox ?? false;
    }

    /**
     * A new session of the same stack, for use after its file, its state or its cluster has changed. It keeps the
     * engine.
     */
    refreshed(): Session {
        return new Session(this.stack, this.args, this.engines);
    }

    /** Path of the stack's own file. */
    get path(): string {
        return join(this.folder, `Pulumi.${this.stack}.yaml`);
    }

    /** @throws ConfigError if it does not exist or cannot be read */
    readonly file: () => StackFile = once(() => readStackFile(this.stack, this.folder));

    /** Built-in platforms and those that the stack's file names. @throws ConfigError with those that cannot be loaded */
    readonly platforms: () => Platforms = once(() => platformsOf(this.file(), this.args.platforms));

    /** @throws ConfigError with every problem of it */
    readonly config: () => StackConfig = once(() => stackConfig(this.file(), this.platforms()));

    /** @throws ConfigError that lists every problem in the configuration */
    readonly rendering: () => Promise<Rendering> = once(() => this.renderWith({}));

    /** The stack as it would be with other contents of its file, or with the values of its secrets. */
    renderWith(args: Omit<RenderArgs, "folder" | "platforms">): Promise<Rendering> {
        return renderStack(this.stack, { ...args, folder: this.folder, platforms: this.platforms() });
    }

    /** The cluster that the stack is deployed to, or what is missing if it does not answer. */
    readonly cluster: () => Promise<Context | Missing> = once(() => findCluster(this.config().cluster));

    readonly hasKubectl: () => boolean = once(() => findOnPath("kubectl") !== undefined);

    /** @throws UserError if the cluster or kubectl is missing */
    readonly kubectl: () => Promise<Kubectl> = once(async () => {
        presentOrThrow(await this.cluster());
        const path = findOnPath("kubectl");
        const { command } = presentOrThrow(path === undefined ? noKubectl : { command: path });
        return kubectlOn(this.config(), { command, args: kubectlArgs(this.config().cluster) });
    });

    /** @param fetch whether the pinned engine may be downloaded now if none is on the PATH. @default false */
    engine(fetch = false): Promise<Engine | Missing> {
        if (fetch) this.engines.here = this.engines.fetched ??= findEngine(true);
        return (this.engines.here ??= findEngine());
    }

    /** @throws UserError if no usable state backend is configured */
    readonly backend: () => Backend = once(() => chooseBackend(this.stack));

    /**
     * The engine on this stack: downloaded if {@link engine} was called with `fetch`. @throws UserError if it is
     * missing
     */
    readonly pulumi: () => Promise<Pulumi> = once(async () =>
        pulumiOn(this.stack, presentOrThrow(await this.engine()), this.backend()),
    );

    /** The engine's state; undefined if the stack does not exist yet. @throws EngineError if it cannot be read */
    readonly state: () => Promise<State | undefined> = once(async () => readState(await this.pulumi()));
}

/** The results of looking for the engine. */
interface Engines {
    here?: Promise<Engine | Missing>;
    fetched?: Promise<Engine | Missing>;
}
