import { suggest } from "../config/problems";
import type { AnyInstance } from "../config/stack";
import { at } from "../config/walk";

const maps = ["images", "replicas", "resources", "volumes", "env", "restartedAt", "components", "dev.mounts"] as const;
type Addressed = (typeof maps)[number];

/** Keys of the user's maps that are valid in an instance: names of its components, containers, volumes and images. */
export class AddressedKeys {
    private readonly known = new Map<Addressed, Set<string>>();

    note(map: Addressed, key: string): void {
        this.known.set(map, (this.known.get(map) ?? new Set()).add(key));
    }

    /** Reports all other keys, and those that only a local cluster may have. */
    check(config: AnyInstance, stack: string, problem: (keys: readonly string[], message: string) => void): void {
        if (config.dev && stack !== "dev")
            problem(["dev"], 'is not allowed here; allowed: only in the stack "dev", on a local cluster');
        for (const map of maps) {
            const path = map.split(".");
            const written = at(config, path);
            if (typeof written !== "object" || written === null) continue;
            const known = [...(this.known.get(map) ?? [])];
            for (const name of Object.keys(written))
                if (!known.includes(name))
                    problem(
                        [...path, name],
                        `matches nothing${suggest(name, known)}; allowed: ${known.sort().join(", ")}`,
                    );
        }
    }
}
