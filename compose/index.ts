import { checkConsistency } from "./check/consistency";
import { type ComposeWarning, refuse } from "./errors";
import { readModel } from "./load/model";
import { projectName } from "./load/names";
import { normalized } from "./load/normalize";
import { filesOf, folderOf, type LoadArgs, profilesOf, withEnvFiles, within } from "./load/options";
import { withFiles } from "./load/resolve";
import { type Environment, Session, wholeFile } from "./load/session";
import { type Job, type Project, projectShape, type Service } from "./model/project";
import { byKey } from "./model/shape";
import { get, type Mapping, type Node, textOf } from "./node";
import { Sources } from "./sources";

export {
    ComposeError,
    type ComposeProblem,
    type ComposeWarning,
    type Path,
    pathText,
    type Place,
    placeText,
} from "./errors";
export type { LoadArgs } from "./load/options";
export type { FileObject, Job, Network, Plain, Project, Service, Volume } from "./model/project";
export type { Sources } from "./sources";

/** A project that was read. */
export interface LoadedProject {
    /** As compose-go has it, with the services and jobs of active profiles only. */
    readonly project: Project;
    /** Services of other profiles. Their env files were not read. */
    readonly disabledServices: Readonly<Record<string, Service>>;
    readonly disabledJobs: Readonly<Record<string, Job>>;
    /** Absolute; all paths of the project are below it or absolute, too. */
    readonly folder: string;
    /** Variables that the project was read with. */
    readonly environment: Environment;
    /** All files that were read. */
    readonly files: readonly string[];
    readonly sources: Sources;
    readonly warnings: readonly ComposeWarning[];
}

/**
 * Reads a Docker Compose project as the Compose specification and compose-go do. Reads what the project names, and
 * nothing of this process: variables are given.
 *
 * @throws ComposeError for what cannot be read, with file, line, column and key
 */
export function loadProject(args: LoadArgs): LoadedProject {
    const given = { ...args.env };
    const first = args.projectFolder ?? args.folder;
    const session = new Session(first, args.shownFrom ?? first, given["HOME"], args.lacking);
    const early = withEnvFiles(args, first, given, session);
    const files = filesOf(args, early, session);
    const folder = args.projectFolder === undefined ? folderOf(files[0]!) : within(args.folder, args.projectFolder);
    const environment = withEnvFiles(args, folder, early, session);
    const name = projectName(args.name, files, folder, environment, session);
    const context = {
        session,
        folder,
        environment: { ...environment, COMPOSE_PROJECT_NAME: name },
        chain: [],
    };
    const model = readModel(files, context);
    if (model.entries.size === 0)
        refuse(wholeFile(session.files.shown(files[0]!.path)), [], "is empty; allowed: services and so on");
    const profiles = profilesOf(args, environment);
    const isActive = (container: Node): boolean => inProfile(container, profiles);
    const root = withFiles(normalized(model, name, context.environment), context, isActive);
    const sources = new Sources(root);
    const whole = projectShape.read(root, [])!;
    const split = <T>(section: "services" | "jobs", all: Readonly<Record<string, T>> | undefined) => {
        const [on, off] = [true, false].map((wanted) =>
            byKey(Object.entries(all ?? {}).filter(([key]) => isActive(get(get(root, section), key)!) === wanted)),
        );
        return { on: on!, off: off! };
    };
    const services = split("services", whole.services);
    const jobs = split("jobs", whole.jobs);
    const { jobs: _, ...rest } = whole;
    const project = {
        ...rest,
        services: services.on,
        ...(Object.keys(jobs.on).length > 0 ? { jobs: jobs.on } : {}),
    } as Project;
    checkConsistency({ project, disabledServices: services.off, disabledJobs: Object.keys(jobs.off), sources });
    return {
        project,
        disabledServices: services.off,
        disabledJobs: jobs.off,
        folder,
        environment: context.environment,
        files: session.files.read,
        sources,
        warnings: session.warnings,
    };
}

/** Without profiles a service is in all: Compose specification, 15 "Profiles". */
function inProfile(container: Node, active: readonly string[]): boolean {
    const profiles = get(container as Mapping, "profiles");
    if (profiles?.kind !== "sequence" || profiles.items.length === 0) return true;
    return active.includes("*") || profiles.items.some((profile) => active.includes(textOf(profile) ?? ""));
}
