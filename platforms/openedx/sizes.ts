import type { ReplicasConfig, SizeName } from "../../config/fields";

/** What a size means. Everything can also be set individually. */
export interface Size {
    /** Requests that one pod of a web tier answers at the same time. */
    readonly processes: number;
    /** Tasks that one worker works on at the same time. */
    readonly concurrency: number;
    readonly lms: ReplicasConfig;
    readonly cms: ReplicasConfig;
    readonly mfe: number;
    readonly lmsWorker: ReplicasConfig;
    readonly cmsWorker: ReplicasConfig;
    readonly cpu: string;
    readonly database: Server;
    readonly documents: Server;
    readonly search: Server;
    readonly storage: string;
    readonly broker: { readonly cpu: string; readonly memory: string };
    readonly cache: { readonly cpu: string; readonly memory: string };
}

interface Server {
    readonly cpu: string;
    readonly memory: string;
    readonly volume: string;
}

export const sizes: Readonly<Record<SizeName, Size>> = {
    small: {
        processes: 2,
        concurrency: 1,
        lms: 1,
        cms: 1,
        mfe: 1,
        lmsWorker: 1,
        cmsWorker: 1,
        cpu: "100m",
        database: { cpu: "100m", memory: "1536Mi", volume: "5Gi" },
        documents: { cpu: "100m", memory: "1Gi", volume: "5Gi" },
        search: { cpu: "50m", memory: "1Gi", volume: "5Gi" },
        storage: "10Gi",
        broker: { cpu: "50m", memory: "256Mi" },
        cache: { cpu: "50m", memory: "256Mi" },
    },
    medium: {
        processes: 2,
        concurrency: 2,
        lms: { min: 2, max: 8, cpu: 70 },
        cms: 1,
        mfe: 2,
        lmsWorker: { min: 1, max: 4, cpu: 80 },
        cmsWorker: { min: 1, max: 4, cpu: 80 },
        cpu: "500m",
        database: { cpu: "500m", memory: "4Gi", volume: "20Gi" },
        documents: { cpu: "250m", memory: "2Gi", volume: "20Gi" },
        search: { cpu: "250m", memory: "2Gi", volume: "20Gi" },
        storage: "100Gi",
        broker: { cpu: "100m", memory: "512Mi" },
        cache: { cpu: "100m", memory: "1Gi" },
    },
    large: {
        processes: 4,
        concurrency: 2,
        lms: { min: 4, max: 30, cpu: 70 },
        cms: 1,
        mfe: 2,
        lmsWorker: { min: 2, max: 20, cpu: 80 },
        cmsWorker: { min: 2, max: 20, cpu: 80 },
        cpu: "1",
        database: { cpu: "2", memory: "16Gi", volume: "100Gi" },
        documents: { cpu: "1", memory: "8Gi", volume: "100Gi" },
        search: { cpu: "500m", memory: "4Gi", volume: "100Gi" },
        storage: "1Ti",
        broker: { cpu: "250m", memory: "1Gi" },
        cache: { cpu: "250m", memory: "4Gi" },
    },
};
