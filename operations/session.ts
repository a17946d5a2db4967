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
    present,
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
 * One stack, as it is now, for one command: each thing is looked up when it is asked for first, and is the same for
 * all who ask. What was changed meanwhile is in the next one: {@link anew}.
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

    /** The same stack once its file, its state or its cluster have changed. The engine stays. */
    anew(): Session {
        return new Session(this.stack, this.args, this.engines);
    }

    /** Path of the stack's own file. */
    get path(): string {
        return join(this.folder, `Pulumi.${this.stack}.yaml`);
    }

    /** @throws ConfigError when there is none, or it cannot be read */
    readonly file: () => StackFile = once(() => readStackFile(this.stack, this.folder));

    /** Built-in platforms and those that the stack's file names. @throws ConfigError with those that cannot be loaded */
    readonly platforms: () => Platforms = once(() => platformsOf(this.file(), this.args.platforms));

    /** @throws ConfigError with every problem of it */
    readonly config: () => StackConfig = once(() => stackConfig(this.file(), this.platforms()));

    /** @throws ConfigError with every problem of the configuration */
    readonly rendering: () => Promise<Rendering> = once(() => this.renderWith({}));

    /** What the stack would be with something else in its file, or with the values of its secrets. */
    renderWith(args: Omit<RenderArgs, "folder" | "platforms">): Promise<Rendering> {
        return renderStack(this.stack, { ...args, folder: this.folder, platforms: this.platforms() });
    }

    /** Whether the cluster answers that the stack goes to. */
    readonly cluster: () => Promise<Context | Missing> = once(() => findCluster(this.config().cluster));

    readonly hasKubectl: () => boolean = once(() => findOnPath("kubectl") !== undefined);

    /** @throws UserError when the cluster or kubectl is missing */
    readonly kubectl: () => Promise<Kubectl> = once(async () => {
        present(await this.cluster());
        const path = findOnPath("kubectl");
        const { command } = present(path === undefined ? noKubectl : { command: path });
        return kubectlOn(this.config(), { command, args: kubectlArgs(this.config().cluster) });
    });

    /** @param fetch whether the pinned engine may be fetched now, where none is on the PATH. @default false */
    engine(fetch = false): Promise<Engine | Missing> {
        if (fetch) this.engines.here = this.engines.fetched ??= findEngine(true);
        return (this.engines.here ??= findEngine());
    }

    /** @throws UserError when there is no place for the state that it could have */
    readonly backend: () => Backend = once(() => chooseBackend(this.stack));

    /** The engine on the stack: fetched, where {@link engine} was asked to. @throws UserError when it is missing */
    readonly pulumi: () => Promise<Pulumi> = once(async () =>
        pulumiOn(this.stack, present(await this.engine()), this.backend()),
    );

    /** The engine's state; undefined where there is no such stack yet. @throws EngineError when it cannot be read */
    readonly state: () => Promise<State | undefined> = once(async () => readState(await this.pulumi()));
}

/** The engine, once it was looked for. */
interface Engines {
    here?: Promise<Engine | Missing>;
    fetched?: Promise<Engine | Missing>;
}
