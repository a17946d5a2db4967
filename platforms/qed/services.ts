/**
 * The suite's services, by the names of their components and Services, which are those of the suite's own manifests:
 * some of them are constants in its code. The value says whether an instance has one unless its file says otherwise;
 * the last three came later than the suite.
 */
export const services = {
    "qed-nginx": true,
    "qed-django": true,
    "qed-flask": true,
    "qed-celery": true,
    "celery-flower": true,
    "cts-nodejs": true,
    "cts-manager": true,
    "cts-worker": true,
    redis: true,
    mongodb: true,
    "hms-dotnetcore": true,
    "dask-scheduler": true,
    "dask-worker": true,
    "qed-tomcat": true,
    postgres: true,
    "cyan-api": false,
    "cyan-celery": false,
    "cyan-db": false,
} as const;

export type ServiceName = keyof typeof services;

export const serviceNames = Object.keys(services) as readonly ServiceName[];

/** What ends at its start without these. Everything else starts, and answers with errors where one is missing. */
const needs: Partial<Record<ServiceName, readonly ServiceName[]>> = {
    "qed-celery": ["redis"],
    "celery-flower": ["redis"],
    "cts-nodejs": ["redis"],
    "cts-manager": ["redis"],
    "cts-worker": ["redis"],
    "dask-worker": ["dask-scheduler"],
    "cyan-api": ["cyan-db"],
    "cyan-celery": ["cyan-db", "redis"],
};

export interface Chosen {
    readonly on: ReadonlySet<ServiceName>;
    /** What the file has on and is off all the same, with what it lacks. */
    readonly left: readonly { readonly name: ServiceName; readonly lacks: readonly ServiceName[] }[];
}

/** The services that an instance has: those that are on, without the ones that could not start. */
export function chosen(switches: Readonly<Record<ServiceName, boolean>>): Chosen {
    const wanted = serviceNames.filter((name) => switches[name]);
    const left = wanted
        .map((name) => ({ name, lacks: (needs[name] ?? []).filter((other) => !switches[other]) }))
        .filter(({ lacks }) => lacks.length > 0);
    return { on: new Set(wanted.filter((name) => !left.some((one) => one.name === name))), left };
}
