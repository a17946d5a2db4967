import type { DatabaseSettings } from "../../components/database";
import type { Edge, NetworkRule, Service, Settings } from "../../components/graph";
import type { PodArgs } from "../../components/podArgs";
import type { HasNode } from "../../components/instance";
import { wayTo, webServices } from "../webPod";
import type { SuiteImages } from "./builds";
import type { QedConfig, QedInstance, Runtime } from "./config";
import { paths, ports } from "./paths";
import { scripts } from "./scripts";
import { chosen, type ServiceName } from "./services";
import { type Size, sizes } from "./sizes";
import { Volumes } from "./volumes";

/** Data services of the instance, in the cluster or outside. Without a switch that is on, there is none. */
export interface DataServices {
    readonly redis?: Service;
    readonly mongodb?: Service;
    readonly postgres?: Service<DatabaseSettings>;
    readonly cyanDb?: Service<DatabaseSettings>;
}

/** What the suite's services see of each other. */
export class Suite {
    readonly size: Size;
    readonly volumes: Volumes;
    /** ConfigMap with the scripts. */
    readonly scripts: string;
    readonly passwords: ReturnType<typeof passwordsOf>;
    private readonly on: ReadonlySet<ServiceName>;

    constructor(
        readonly instance: QedInstance,
        readonly settings: QedConfig,
        readonly images: SuiteImages,
    ) {
        const { on, left } = chosen(settings.services);
        this.on = on;
        for (const { name, lacks } of left)
            instance.warn(`"${name}" is off, because it does not start without ${lacks.join(" and ")}`);
        this.size = sizes[settings.size];
        this.volumes = new Volumes(instance, settings, (name) => this.has(name));
        this.passwords = passwordsOf(instance);
        this.scripts = instance.add(instance.owner, "ConfigMap", "scripts", { data: scripts });
    }

    has(name: ServiceName): boolean {
        return this.on.has(name);
    }

    /** Another service of the suite, if the instance has it; also before it is declared, since they use each other. */
    find(name: ServiceName, all: Readonly<Record<string, number>>): Service | undefined {
        return this.has(name) ? this.instance.service(name, all, {}) : undefined;
    }

    /** Flask as HTTP: through nginx, on a port that is not published. */
    get flask(): { readonly service: Service; readonly url: string } | undefined {
        if (!this.has("qed-flask")) return undefined;
        const service = this.find("qed-nginx", this.nginxPorts);
        return service && { service, url: `http://${service.host}:${ports.flask}` };
    }

    get nginxPorts(): Readonly<Record<string, number>> {
        return { http: ports.http, ...(this.has("qed-flask") ? { flask: ports.flask } : {}) };
    }

    get hms(): { readonly service: Service; readonly url: string } | undefined {
        const service = this.find("hms-dotnetcore", { http: ports.hms });
        return service && { service, url: `http://${service.host}:${ports.hms}` };
    }

    get scheduler(): Service | undefined {
        return this.find("dask-scheduler", { dask: ports.dask });
    }

    get daskWorkers(): Service | undefined {
        return this.find("dask-worker", { worker: ports.daskWorker, nanny: ports.daskNanny });
    }

    /** The two applications of Tomcat: of one server, or of two. */
    get chemistry(): { readonly jchem: Service; readonly ctsws: Service } | undefined {
        const at = (name: string) => this.instance.service(name, { http: ports.tomcat }, {});
        if (!this.has("qed-tomcat")) return undefined;
        return this.settings.tomcat.layout === "one"
            ? { jchem: at("qed-tomcat"), ctsws: at("qed-tomcat") }
            : { jchem: at("jchemws"), ctsws: at("ctsws") };
    }

    /** Ways to others' services: those of data providers, which HMS and Flask read, and the calculators of CTS. */
    outside(): NetworkRule[] {
        const { calculators } = this.settings.cts;
        return this.instance.egress([
            webServices,
            { name: "web services without encryption", direction: "egress", ports: [80] },
            ...Object.entries(calculators).flatMap(([name, url]) => wayTo(name, url)),
        ]);
    }

    /** Where all pods with shared files are, without a shared class. */
    get placement(): Pick<PodArgs, "shareNodeFor"> {
        const { together } = this.volumes;
        return together === undefined ? {} : { shareNodeFor: together };
    }

    /** The data services among these that the instance has, to start after. */
    after(...all: readonly (HasNode | undefined)[]): HasNode[] {
        return all.filter((one) => one !== undefined);
    }
}

/** Generated whether or not their services are on: a switch neither loses one nor needs consent to its loss. */
const passwordsOf = (instance: QedInstance) => ({
    djangoSecretKey: instance.password("django-secret-key", "djangoSecretKey", 50),
    login: instance.password("login-password", "loginPassword"),
    hms: instance.password("hms-password", "hmsPassword"),
    hmsAdmin: instance.password("hms-admin-password", "hmsAdminPassword"),
    flower: instance.password("flower-password", "flowerPassword"),
    ctsws: instance.password("ctsws-password", "ctswsPassword"),
});

/** Edges to the services that the instance has. */
export const edges = (...all: readonly (Edge | undefined)[]): Edge[] => all.filter((one) => one !== undefined);

/** Values of settings that the instance has. */
export const given = (all: Readonly<Record<string, string | undefined>>): Record<string, string> =>
    Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** `host:port` of a service's first port. */
export const addressOf = (service: Service<Settings> | undefined): string | undefined =>
    service && `${service.host}:${Object.values(service.ports)[0]}`;

/**
 * Of every program in Python. Files are UTF-8, as the suite's own texts: in uwsgi, Python takes them for ASCII where an
 * image sets no locale, and the first page fails.
 */
export const pythonEnv = { HOME: "/tmp", LANG: "C.UTF-8", PYTHONDONTWRITEBYTECODE: "1" } as const;

/** A command in the image's Python environment. */
export function inRuntime({ manager, environment }: Runtime, command: readonly string[]): string[] {
    if (manager === "conda") return ["sh", `${paths.scripts}/conda.sh`, environment, ...command];
    if (manager === "micromamba") return ["micromamba", "run", "-n", environment, ...command];
    return [...command];
}
