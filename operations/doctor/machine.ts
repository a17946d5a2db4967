import { existsSync } from "node:fs";
import { engines } from "../../package.json";
import { pins } from "../engine/archives";
import { type Backend, type Engine, isMissing, type locksOf, type Missing } from "../engine/engine";
import { type Finding, isOlder, ok, problem, release, warning } from "./finding";

/**
 * The oldest Pulumi CLI that stacks were deployed with. The npm SDK asks for no version of its own: CLI and SDK agree
 * on what both know, as long as the major version is the same.
 */
const oldestEngine = "3.260";

/** Works without npm's warning about the version. */
const usualNode = "22.0";

/** The first Go that fetches the version which a module asks for. */
const oldestGo = "1.21";

/** What is on this machine. */
export interface MachineFacts {
    readonly engine: Engine | Missing;
    readonly node: string;
    /** Undefined: there is none. */
    readonly go: string | undefined;
    readonly kubectl: { readonly version: string } | Missing;
    readonly place: Backend | Missing;
    /** The same, where there is one. */
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
            `launch fetches ${pinned} from get.pulumi.com; where that cannot be reached, install it as https://www.pulumi.com/docs/install/ says`,
        );
    const { command, version } = engine;
    const remedy = `install ${pinned}: https://www.pulumi.com/docs/install/`;
    if (release(version).major !== release(pinned).major)
        return problem(`${command} is ${version}; the npm SDK needs ${release(pinned).major}.x`, remedy);
    if (isOlder(version, oldestEngine))
        return warning(`${command} is ${version}; the oldest that was tried is ${oldestEngine}`, remedy);
    return ok(`${version}, ${command}`);
}

export function nodeVersion({ node }: Pick<MachineFacts, "node">): Finding {
    const needed = engines.node.replace(">=", "");
    if (isOlder(node, needed)) return problem(`${node}; needed is ${needed}`, "install Node.js 22 or newer");
    if (isOlder(node, usualNode)) return warning(`${node} works, and npm warns of it`, "install Node.js 22 or newer");
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
    if (held) return warning(`process ${held.pid} on ${held.host} is working on "${stack}"`, "wait for it");
    if (locks.length > 0)
        return problem(
            `left over from a run that was interrupted (process ${locks[0]!.pid} is gone)`,
            `./plinth launch ${stack} --recover`,
        );
    return ok("none");
}

export function secretsProvider(facts: Pick<MachineFacts, "secretsProvider" | "backend" | "environment">): Finding {
    const { secretsProvider: named, backend } = facts;
    const variable = (name: string) => backend.env[name] ?? facts.environment[name];
    if (named && named !== "passphrase" && named !== "default") return ok(named);
    if (/^https?:/.test(backend.url)) return ok(`that of ${backend.url}`);
    if (variable("PULUMI_CONFIG_PASSPHRASE") === "")
        return warning(
            "the passphrase is empty: whoever reads the state reads the passwords",
            "set PULUMI_CONFIG_PASSPHRASE_FILE before the first launch, or change it with pulumi stack change-secrets-provider",
        );
    if (variable("PULUMI_CONFIG_PASSPHRASE") !== undefined) return ok("a passphrase, from PULUMI_CONFIG_PASSPHRASE");
    const file = variable("PULUMI_CONFIG_PASSPHRASE_FILE");
    if (file && !existsSync(file))
        return problem(
            `PULUMI_CONFIG_PASSPHRASE_FILE names ${file}, which is not there`,
            "put the passphrase there: without it the state cannot be read",
        );
    if (file) return ok(`a passphrase, from ${file}`);
    return warning(
        "no passphrase is set: the engine asks for it, and fails where nobody can answer",
        "set PULUMI_CONFIG_PASSPHRASE_FILE, or choose a KMS key: https://www.pulumi.com/docs/concepts/secrets/",
    );
}

export const kubectlVersion = ({ kubectl }: Pick<MachineFacts, "kubectl">): Finding =>
    isMissing(kubectl)
        ? warning("missing: status, logs and other commands need it, as do the checks of the cluster", kubectl.remedy)
        : ok(kubectl.version);
