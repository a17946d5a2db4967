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

/** `compose.yaml:12:5: services.web.ulimits: has no counterpart` */
export const noteText = ({ place, path, message }: ComposeProblem): string =>
    `${placeText(place)}: ${pathText(path)}: ${message}`;
