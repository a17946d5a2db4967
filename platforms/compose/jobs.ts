import type { LoadedProject, Service } from "../../compose";

/** Services that Docker Compose has from another program: they have no container. */
export const isProvided = ({ provider }: Pick<Service, "provider">): boolean => provider !== undefined;

/** A project of containers: its jobs stand among the services, from which they differ in when they run. */
export function containersOf(loaded: LoadedProject): LoadedProject {
    const services = Object.entries(loaded.project.services).filter(([, service]) => !isProvided(service));
    return {
        ...loaded,
        project: { ...loaded.project, services: { ...Object.fromEntries(services), ...loaded.project.jobs } },
    };
}
