import { ComposeError, type ComposeProblem, type LoadedProject, type Path, pathText, placeText } from "../../compose";

/**
 * What is said of a project: what is wrong with it, and what of it has no counterpart. Each with file, line, service and
 * key.
 */
export class Notes {
    readonly problems: ComposeProblem[] = [];
    readonly warnings: ComposeProblem[] = [];

    /**
     * @param strict whether warnings are problems
     * @param isJob whether something that is treated as a service stands below `jobs`
     */
    constructor(
        private readonly sources: LoadedProject["sources"],
        private readonly strict: boolean,
        readonly isJob: (name: string) => boolean,
    ) {}

    /** The path of what is treated as a service, as the file has it. */
    writtenAt(path: Path): Path {
        return path[0] === "services" && this.isJob(String(path[1])) ? ["jobs", ...path.slice(1)] : path;
    }

    refuse(path: Path, message: string): void {
        this.add(this.problems, path, message);
    }

    warn(path: Path, message: string): void {
        if (this.strict) this.refuse(path, `${message}; strict is true`);
        else this.add(this.warnings, path, message);
    }

    /** What several parts of a conversion notice is said once. */
    private add(to: ComposeProblem[], given: Path, message: string): void {
        const path = this.writtenAt(given);
        const text = pathText(path);
        if (to.some((one) => one.message === message && pathText(one.path) === text)) return;
        to.push({ place: this.sources.at(path), path, message });
    }

    /** @throws ComposeError with every problem so far */
    throwIfAny(): void {
        if (this.problems.length > 0) throw new ComposeError(this.problems);
    }
}

/**
 * `compose.yaml:12:5: services.web.ulimits: has no counterpart`. What services have from one place, by an anchor or
 * `extends`, is said once, with the names of all of them.
 */
export function noteTexts(notes: readonly ComposeProblem[]): string[] {
    const groups = new Map<string, { readonly note: ComposeProblem; readonly others: string[] }>();
    for (const note of notes) {
        const [kind, service, ...key] = note.path;
        const which = JSON.stringify([placeText(note.place), kind, key, note.message, key.length > 0 ? "" : service]);
        const group = groups.get(which);
        if (group) group.others.push(String(service));
        else groups.set(which, { note, others: [] });
    }
    return [...groups.values()].map(({ note: { place, path, message }, others }) =>
        [`${placeText(place)}: ${pathText(path)}: ${message}`, ...(others.length > 0 ? [others.join(", ")] : [])].join(
            "; the same for ",
        ),
    );
}
