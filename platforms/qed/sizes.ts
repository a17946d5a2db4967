import type { ReplicasConfig, SizeName } from "../../config/fields";

interface Server {
    readonly cpu: string;
    readonly memory: string;
    readonly volume: string;
}

interface Program {
    readonly cpu: string;
    readonly memory: string;
    readonly replicas: ReplicasConfig;
}

/** What a size means. Everything can also be set individually. */
export interface Size {
    /** Tasks that one Celery worker works on at the same time. */
    readonly concurrency: number;
    readonly nginx: Program;
    readonly django: Program;
    readonly flask: Program;
    readonly celery: Program;
    readonly ctsWorker: Program;
    readonly hms: Omit<Program, "replicas">;
    readonly daskWorker: Program;
    readonly tomcat: Omit<Program, "replicas">;
    readonly redis: { readonly cpu: string; readonly memory: string };
    readonly mongodb: Server;
    readonly postgres: Server;
    readonly cyanDb: Server;
}

/** Django's pods and Celery's are as large as the suite's own later manifests have them, where these say something. */
export const sizes: Readonly<Record<SizeName, Size>> = {
    small: {
        concurrency: 1,
        nginx: { cpu: "25m", memory: "128Mi", replicas: 1 },
        django: { cpu: "250m", memory: "1536Mi", replicas: 1 },
        flask: { cpu: "250m", memory: "1Gi", replicas: 1 },
        celery: { cpu: "250m", memory: "1Gi", replicas: 1 },
        ctsWorker: { cpu: "100m", memory: "512Mi", replicas: 1 },
        hms: { cpu: "250m", memory: "1Gi" },
        daskWorker: { cpu: "250m", memory: "1Gi", replicas: 1 },
        tomcat: { cpu: "100m", memory: "1Gi" },
        redis: { cpu: "50m", memory: "256Mi" },
        mongodb: { cpu: "100m", memory: "1Gi", volume: "5Gi" },
        postgres: { cpu: "100m", memory: "1Gi", volume: "10Gi" },
        cyanDb: { cpu: "100m", memory: "1Gi", volume: "5Gi" },
    },
    medium: {
        concurrency: 2,
        nginx: { cpu: "100m", memory: "256Mi", replicas: 2 },
        django: { cpu: "500m", memory: "2Gi", replicas: { min: 2, max: 6, cpu: 70 } },
        flask: { cpu: "500m", memory: "2Gi", replicas: { min: 2, max: 6, cpu: 70 } },
        celery: { cpu: "500m", memory: "2Gi", replicas: { min: 1, max: 6, cpu: 75 } },
        ctsWorker: { cpu: "250m", memory: "1Gi", replicas: { min: 1, max: 4, cpu: 75 } },
        hms: { cpu: "500m", memory: "2Gi" },
        daskWorker: { cpu: "500m", memory: "2Gi", replicas: { min: 1, max: 10, cpu: 75 } },
        tomcat: { cpu: "500m", memory: "1536Mi" },
        redis: { cpu: "100m", memory: "512Mi" },
        mongodb: { cpu: "250m", memory: "2Gi", volume: "20Gi" },
        postgres: { cpu: "500m", memory: "4Gi", volume: "50Gi" },
        cyanDb: { cpu: "250m", memory: "2Gi", volume: "20Gi" },
    },
    large: {
        concurrency: 4,
        nginx: { cpu: "250m", memory: "256Mi", replicas: 2 },
        django: { cpu: "1", memory: "4Gi", replicas: { min: 3, max: 12, cpu: 70 } },
        flask: { cpu: "1", memory: "4Gi", replicas: { min: 3, max: 12, cpu: 70 } },
        celery: { cpu: "1", memory: "4Gi", replicas: { min: 2, max: 20, cpu: 75 } },
        ctsWorker: { cpu: "500m", memory: "2Gi", replicas: { min: 2, max: 8, cpu: 75 } },
        hms: { cpu: "1", memory: "4Gi" },
        daskWorker: { cpu: "1", memory: "4Gi", replicas: { min: 2, max: 30, cpu: 75 } },
        tomcat: { cpu: "1", memory: "2Gi" },
        redis: { cpu: "250m", memory: "1Gi" },
        mongodb: { cpu: "1", memory: "8Gi", volume: "100Gi" },
        postgres: { cpu: "2", memory: "8Gi", volume: "200Gi" },
        cyanDb: { cpu: "1", memory: "4Gi", volume: "50Gi" },
    },
};
