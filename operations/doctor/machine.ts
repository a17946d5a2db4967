import { existsSync } from "node:fs";
import { engines } from "../../package.json";
import { pins } from "../engine/archives";
import { type Backend, type Engine, isMissing, type locksOf, type Missing } from "../engine/engine";
import { type Finding, isOlder, ok, problem, release, warning } from "./finding";

/**
 * The oldest Pulumi CLI that stacks were tested with. The npm SDK requires no particular version: CLI and SDK negotiate
 * their features as long as the major version is the same.
 */
const oldestEngine = "3.260";

/** The oldest version without npm's warning. */
const usualNode = "22.0";

/** The first Go version that downloads the toolchain that a module requires. */
const oldestGo = "1.21";

/** Facts about this machine. */
export interface MachineFacts {
    readonly engine: Engine | Missing;
    readonly node: string;
    /** Undefined if it is not installed. */
    readonly go: string | undefined;
    readonly kubectl: { readonly version: string } | Missing;
    readonly place: Backend | Missing;
    /** The same, if there is one. */
    readonly backend: Backend;
    readonly locks: ReturnType<typeof locksOf>;
    /** `secretsprovider` of the stack file. */
    readonly secretsProvider: string | undefined;
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly stack: string;
}

export function pulumiCli({ engine }: Pick<MachineFacts, "engine">): Finding {
    const { pulumi: pinned } = pins;
    if (isMissing(engine))
        return warning(
            `missing: ${engine.what}`,
            `launch fetches ${pinned} from get.pulumi.com; if that is unreachable, install it: https://www.pulumi.com/docs/install/`,
        );
    const { command, version } = engine;
    const remedy = `install ${pinned}: https://www.pulumi.com/docs/install/`;
    if (release(version).major !== release(pinned).major)
        return problem(`${command} is ${version}; the npm SDK needs ${release(pinned).major}.x`, remedy);
    if (isOlder(version, oldestEngine))
        return warning(`${command} is ${version}; the oldest tested version is ${oldestEngine}`, remedy);
    return ok(`${version}, ${command}`);
}

export function nodeVersion({ node }: Pick<MachineFacts, "node">): Finding {
    const needed = engines.node.replace(">=", "");
    if (isOlder(node, needed)) return problem(`${node}; required: ${needed}`, "install Node.js 22 or newer");
    if (isOlder(node, usualNode))
        return warning(`${node} works, but npm warns about it`, "install Node.js 22 or newer");
    return ok(node);
}

export function goVersion({ go }: Pick<MachineFacts, "go">): Finding {
    if (go === undefined) return ok("not installed; only the sandbox needs it");
    if (isOlder(go, oldestGo))
        return warning(`${go} is too old to build the sandbox`, `install ${oldestGo} or newer: https://go.dev/dl`);
    return ok(`${release(go).major}.${release(go).minor}, for the sandbox`);
}

export const stateBackend = ({ place }: Pick<MachineFacts, "place">): Finding =>
    isMissing(place) ? problem(place.what, place.remedy) : ok(place.url);

export function lock({ locks, stack }: Pick<MachineFacts, "locks" | "stack">): Finding {
    const [held] = locks.filter(({ alive }) => alive);
    if (held) return warning(`process ${held.pid} on ${held.host} is working on "${stack}"`, "wait for it to finish");
    if (locks.length > 0)
        return problem(
            `left over from a run that was interrupted (process ${locks[0]!.pid} no longer exists)`,
            `./plinth launch ${stack} --recover`,
        );
    return ok("none");
}

export function secretsProvider(facts: Pick<MachineFacts, "secretsProvider" | "backend" | "environment">): Finding {
    const { secretsProvider: named, backend } = facts;
    const variable = (name: string) => backend.env[name] ?? facts.environment[name];
    if (named && named !== "passphrase" && named !== "default") return ok(named);
    if (/^https?:/.test(backend.url)) return ok(`managed by ${backend.url}`);
    if (variable("PULUMI_CONFIG_PASSPHRASE") === "")
        return warning(
            "the passphrase is empty: anyone who can read the state can read the passwords",
            "set PULUMI_CONFIG_PASSPHRASE_FILE before the first launch, or change it with pulumi stack change-secrets-provider",
        );
    if (variable("PULUMI_CONFIG_PASSPHRASE") !== undefined) return ok("a passphrase, from PULUMI_CONFIG_PASSPHRASE");
    const file = variable("PULUMI_CONFIG_PASSPHRASE_FILE");
    if (file && !existsSync(file))
        return problem(
            `PULUMI_CONFIG_PASSPHRASE_FILE names ${file}, which does not exist`,
            "write the passphrase to it: without it the state cannot be read",
        );
    if (file) return ok(`a passphrase, from ${file}`);
    return warning(
        "no passphrase is set: the engine asks for it, and fails without a terminal",
        "set PULUMI_CONFIG_PASSPHRASE_FILE, or choose a KMS key: https://www.pulumi.com/docs/concepts/secrets/",
    );
}

export const kubectlVersion = ({ kubectl }: Pick<MachineFacts, "kubectl">): Finding =>
    isMissing(kubectl)
        ? warning("missing: status, logs and other commands need it, as do the checks of the cluster", kubectl.remedy)
        : ok(kubectl.version);
