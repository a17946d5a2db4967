import { claim, sharedClaim, type SharedClaim } from "../../components/claim";
import type { Mount } from "../../components/podArgs";
import type { QedConfig, QedInstance } from "./config";
import { paths } from "./paths";
import type { ServiceName } from "./services";

/** Volumes by their names, each with its usual size and the services whose pods mount it. */
const shared = {
    "collected-static": { size: "5Gi", for: ["qed-django", "qed-flask", "qed-celery"] },
    "app-data": { size: "20Gi", for: ["qed-django", "qed-flask", "qed-celery"] },
    "sam-preprocessed": { size: "20Gi", for: ["qed-flask", "qed-celery"] },
    "sam-results": { size: "10Gi", for: ["qed-flask", "qed-celery"] },
    "qed-basins": { size: "5Gi", for: ["qed-flask", "qed-celery"] },
    "hms-data": { size: "20Gi", for: ["qed-flask", "qed-celery"] },
    "cyan-jobs": { size: "5Gi", for: ["cyan-api", "cyan-celery"] },
} as const satisfies Record<string, { readonly size: string; readonly for: readonly ServiceName[] }>;

/** Code on volumes. */
const sources = {
    django: "qed-django",
    templates: "qed-django",
    static: "qed-django",
    config: "qed-django",
    flask: "qed-flask",
    dask: "dask-worker",
} as const satisfies Record<keyof QedConfig["sources"], ServiceName>;

type SharedName = keyof typeof shared | `source-${keyof typeof sources}`;

/** The instance's volumes: those of services that it has. */
export class Volumes {
    /** The group of claims that all pods with shared files are together on one node for. Undefined with a shared class. */
    readonly together: string | undefined;
    private readonly claims: ReadonlyMap<string, SharedClaim>;
    /** Files of one pod at a time. */
    private readonly own: ReadonlyMap<string, string>;

    constructor(instance: QedInstance, settings: QedConfig, isOn: (name: ServiceName) => boolean) {
        const used = [
            ...Object.entries(shared)
                .filter(([, { for: users }]) => users.some(isOn))
                .map(([name, { size }]) => [name, size] as const),
            ...Object.entries(sources)
                .filter(([key, user]) => {
                    const users: ServiceName[] = key === "flask" ? [user, "qed-celery"] : [user];
                    return settings.sources[key as keyof typeof sources] && users.some(isOn);
                })
                .map(([key]) => [`source-${key}`, "2Gi"] as const),
        ];
        this.claims = new Map(
            used.map(([name, size]) => [
                name,
                sharedClaim(instance, instance.owner, name, { size, together: "suite" }),
            ]),
        );
        this.together = [...this.claims.values()].map(({ shareNodeFor }) => shareNodeFor).find(Boolean);
        const single = [
            ...(isOn("hms-dotnetcore") ? [["hms-app-data", "20Gi"] as const] : []),
            ...(isOn("qed-tomcat") && settings.tomcat.layout === "one" ? [["tomcat-webapps", "5Gi"] as const] : []),
            // Without PostGIS, Django's accounts are in a file.
            ...(isOn("qed-django") && !isOn("postgres") ? [["django-data", "1Gi"] as const] : []),
        ];
        this.own = new Map(single.map(([name, size]) => [name, claim(instance, instance.owner, name, { size })]));
    }

    /** The name of a volume that only one pod mounts; undefined if the instance does not have it. */
    single(name: "hms-app-data" | "tomcat-webapps" | "django-data"): string | undefined {
        return this.own.get(name);
    }

    /** A mount of a shared volume; none if the instance does not have it. */
    mount(name: SharedName, path: string, readOnly = false): Mount[] {
        const found = this.claims.get(name);
        return found ? [{ path, claim: found.claim, ...(readOnly ? { readOnly } : {}) }] : [];
    }

    /** Code of Django, and the repositories that belong to it. They are not read-only: mounts below them need folders. */
    djangoSources(): Mount[] {
        return [
            ...this.mount("source-django", paths.code),
            ...this.mount("source-templates", `${paths.code}/templates_qed`),
            ...this.mount("source-static", `${paths.code}/static_qed`),
            ...this.mount("source-config", `${paths.code}/temp_config`),
        ];
    }

    /** What Flask and its worker both have: Flask shows what the worker has written. */
    flaskFiles(): Mount[] {
        return [
            ...this.mount("source-flask", paths.code),
            ...this.mount("collected-static", paths.static),
            ...this.mount("app-data", paths.appData, true),
            ...this.mount("sam-preprocessed", paths.samInput, true),
            ...this.mount("sam-results", paths.samResults),
            ...this.mount("qed-basins", paths.basins, true),
            ...this.mount("hms-data", paths.hmsData, true),
        ];
    }
}
