import { suggest } from "../config/problems";
import type { AnyInstance } from "../config/stack";

const maps = ["images", "replicas", "resources", "volumes", "env", "restartedAt", "components"] as const;
type Addressed = (typeof maps)[number];

/** Keys of the user's maps that are valid in an instance: names of its components, containers, volumes and images. */
export class AddressedKeys {
    private readonly known = new Map<Addressed, Set<string>>();

    note(map: Addressed, key: string): void {
        this.known.set(map, (this.known.get(map) ?? new Set()).add(key));
    }

    /** Reports all other keys. */
    check(config: AnyInstance, problem: (keys: readonly string[], message: string) => void): void {
        for (const map of maps) {
            const written = config[map];
            if (typeof written !== "object") continue;
            const known = [...(this.known.get(map) ?? [])];
            for (const name of Object.keys(written))
                if (!known.includes(name))
                    problem([map, name], `matches nothing${suggest(name, known)}; allowed: ${known.sort().join(", ")}`);
        }
    }
}
