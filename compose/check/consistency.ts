import { suggest } from "../../config/problems";
import { allowed, ComposeError, type ComposeProblem, type Path } from "../errors";
import type { Project, Service } from "../model/project";
import type { Sources } from "../sources";
import { circlesIn } from "./circles";

/** What the checks look at. */
export interface Checked {
    /** With the services of active profiles only. */
    readonly project: Project;
    readonly disabledServices: Readonly<Record<string, Service>>;
    readonly disabledJobs: readonly string[];
    readonly sources: Sources;
}

type Report = (path: Path, message: string) => void;

/**
 * Refuses what no schema can say: references to what is not there, settings that exclude each other, circles.
 *
 * @throws ComposeError with all problems
 */
export function checkConsistency(checked: Checked): void {
    const problems: ComposeProblem[] = [];
    const report: Report = (path, message) => problems.push({ place: checked.sources.at(path), path, message });
    for (const [name, service] of Object.entries(checked.project.services))
        for (const check of serviceChecks)
            check(service, (path, message) => report(["services", name, ...path], message), checked);
    checkJobs(checked, report);
    for (const [name, secret] of Object.entries(checked.project.secrets ?? {}))
        if (!secret.external && !secret.file && !secret.environment)
            report(["secrets", name], "one of file, environment or external is needed");
    if (problems.length === 0) checkCircle(checked, report);
    if (problems.length > 0) throw new ComposeError(problems);
}

type Check = (service: Service, report: Report, checked: Checked) => void;

const keysOf = (value: Readonly<Record<string, unknown>> | undefined): readonly string[] => Object.keys(value ?? {});

/** `is not defined; …` with what is. */
const undefinedName = (what: string, name: string, known: readonly string[]): string =>
    `the ${what} "${name}" is not defined${suggest(name, known)}${known.length > 0 ? `; ${allowed(known)}` : ""}`;

const hasImage: Check = (service, report) => {
    if (!service.build && !service.image && !service.provider) report([], "needs image, build or provider");
};

const buildIsClear: Check = ({ build, platform }, report, { project, disabledServices }) => {
    if (!build) return;
    if (build.dockerfile_inline && build.dockerfile)
        report(["build", "dockerfile_inline"], "only one of dockerfile and dockerfile_inline is allowed");
    for (const [key, context] of Object.entries(build.additional_contexts ?? {})) {
        if (!context.startsWith("service:")) continue;
        const other = context.slice("service:".length);
        const service = project.services[other] ?? disabledServices[other];
        const path = ["build", "additional_contexts", key];
        if (!service) report(path, undefinedName("service", other, keysOf(project.services)));
        else if (!service.build) report(path, `the service "${other}" has no build`);
    }
    if (build.platforms && platform && !build.platforms.includes(platform))
        report(["platform"], `is "${platform}", which build.platforms lacks; ${allowed(build.platforms)}`);
};

const networksExist: Check = (service, report, { project }) => {
    if (service.network_mode && service.networks)
        report(["network_mode"], "only one of network_mode and networks is allowed");
    for (const name of keysOf(service.networks))
        if (!project.networks?.[name])
            report(["networks", name], undefinedName("network", name, keysOf(project.networks)));
};

const healthTestHasKind: Check = ({ healthcheck }, report) => {
    const kinds = ["CMD", "CMD-SHELL", "NONE"];
    if (healthcheck?.test && !kinds.includes(healthcheck.test[0]!))
        report(["healthcheck", "test"], `begins with ${JSON.stringify(healthcheck.test[0])}; ${allowed(kinds)}`);
};

const dependenciesExist: Check = (service, report, { project, disabledServices }) => {
    for (const [name, { required }] of Object.entries(service.depends_on ?? {})) {
        if (project.services[name] || (disabledServices[name] && !required)) continue;
        const profiles = disabledServices[name]?.profiles;
        report(
            ["depends_on", name],
            profiles
                ? `the service "${name}" is in no active profile; ${allowed(["required: false", ...profiles.map((one) => `the profile "${one}"`)])}`
                : project.jobs?.[name]
                  ? `"${name}" is a job; allowed: services`
                  : undefinedName("service", name, keysOf(project.services)),
        );
    }
    const shared = /^service:(.*)$/s.exec(service.network_mode ?? "")?.[1];
    if (shared !== undefined && !project.services[shared])
        report(["network_mode"], undefinedName("service", shared, keysOf(project.services)));
};

/** Each with the key of the project that defines it. */
const resourcesExist: Check = (service, report, { project }) => {
    const check = (path: Path, what: string, name: string, known: Readonly<Record<string, unknown>> | undefined) => {
        if (!known || !Object.hasOwn(known, name)) report(path, undefinedName(what, name, keysOf(known)));
    };
    service.volumes?.forEach(({ type, source }, i) => {
        if (type === "volume" && source) check(["volumes", i], "volume", source, project.volumes);
    });
    service.build?.secrets?.forEach(({ source = "" }, i) =>
        check(["build", "secrets", i], "secret", source, project.secrets),
    );
    service.configs?.forEach(({ source = "" }, i) => check(["configs", i], "config", source, project.configs));
    service.secrets?.forEach(({ source = "" }, i) => check(["secrets", i], "secret", source, project.secrets));
    for (const name of keysOf(service.models)) check(["models", name], "model", name, project.models);
};

const scaleIsClear: Check = ({ scale, deploy, container_name }, report) => {
    const replicas = deploy?.replicas;
    if (scale !== undefined && replicas !== undefined && scale !== replicas)
        report(["scale"], `is ${scale} and deploy.replicas is ${replicas}; both must be the same`);
    if ((scale ?? 0) < 0) report(["scale"], `is ${scale}; allowed: 0 or more`);
    if ((replicas ?? 0) < 0) report(["deploy", "replicas"], `is ${replicas}; allowed: 0 or more`);
    if ((scale ?? replicas ?? 1) > 1 && container_name)
        report(["container_name"], "cannot be the name of several containers; remove it, or scale to 1");
};

/** Old keys and those of `deploy` say the same, where both are given. */
const resourcesAgree: Check = (service, report) => {
    const { limits, reservations } = service.deploy?.resources ?? {};
    const rows = [
        ["cpus", limits, limits?.cpus ?? 0, "limits.cpus"],
        ["mem_limit", limits, limits?.memory, "limits.memory"],
        ["mem_reservation", reservations, reservations?.memory, "reservations.memory"],
        ["pids_limit", limits, limits?.pids ?? 0, "limits.pids"],
    ] as const;
    for (const [key, group, other, name] of rows)
        if (service[key] && group && service[key] !== other)
            report(
                [key],
                `is ${service[key]} and deploy.resources.${name} is ${other ?? "not given"}; both must be the same`,
            );
};

const watchesHaveTargets: Check = ({ develop }, report) =>
    develop?.watch?.forEach(({ action, target }, i) => {
        if (!target && action !== "rebuild" && action !== "restart")
            report(["develop", "watch", i], `needs a target for the action "${action}"`);
    });

const mountsDiffer: Check = (service, report) => {
    const mounted = new Map<string, Path>();
    const add = (target: string, path: Path) => {
        const other = mounted.get(target);
        if (other) report(path, `mounts ${target}, as ${other.join(" ")} does; each target is allowed once`);
        else mounted.set(target, path);
    };
    service.tmpfs?.forEach((one, i) => add(one.split(":", 1)[0]!, ["tmpfs", i]));
    service.volumes?.forEach(({ target = "" }, i) => add(target, ["volumes", i]));
};

const serviceChecks: readonly Check[] = [
    hasImage,
    buildIsClear,
    networksExist,
    healthTestHasKind,
    dependenciesExist,
    resourcesExist,
    scaleIsClear,
    resourcesAgree,
    watchesHaveTargets,
    mountsDiffer,
];

/** Jobs have their names from the services', and may depend on both. */
function checkJobs({ project, disabledServices, disabledJobs }: Checked, report: Report): void {
    for (const name of [...keysOf(project.jobs), ...disabledJobs])
        if (project.services[name] || disabledServices[name])
            report(["jobs", name], "is the name of a service, too; each name is allowed once");
    for (const [name, job] of Object.entries(project.jobs ?? {}))
        for (const [other, { required }] of Object.entries(job.depends_on ?? {})) {
            if (project.jobs?.[other] || project.services[other] || (disabledServices[other] && !required)) continue;
            const known = [...keysOf(project.services), ...keysOf(project.jobs)];
            report(["jobs", name, "depends_on", other], undefinedName("service or job", other, known));
        }
}

function checkCircle({ project }: Checked, report: Report): void {
    const { services } = project;
    const [circle] = circlesIn(Object.keys(services).sort(), (name) =>
        Object.keys(services[name]?.depends_on ?? {}).sort(),
    );
    if (circle)
        report(
            ["services", circle[0]!, "depends_on", circle[1]!],
            `the services wait for each other: ${circle.join(" → ")}`,
        );
}
