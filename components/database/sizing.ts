import type { Engine } from "../../config/database";

/** Minimum memory limit in MiB with which the engine works: MySQL's own structures alone need 250. */
export const leastMemory: Readonly<Record<Engine, number>> = { mariadb: 256, mysql: 512, postgres: 256 };

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, Math.floor(value)));
const floorTo = (value: number, step: number): number => Math.floor(value / step) * step;

/** Fraction of the limit for all planned uses: the rest is for peaks, probes and the page cache. */
export const planned = 0.9;

/**
 * MiB on the node's disk for what MariaDB and MySQL sort, group and alter beyond their memory: at most a table and its
 * indexes, so a quarter of the volume. PostgreSQL does that on the volume itself.
 *
 * @param disk usual size of the volume, in MiB
 */
export const temporarySpace = (disk: number): number => clamp(disk / 4, 1024, 20_480);

/** MiB of that after which a statement fails: before the pod does, so that other statements continue. */
export const temporaryLimit = (space: number): number => Math.floor(space * planned);

/** Sizes of a MariaDB or MySQL server; memory in MiB. */
export interface MysqlSizes {
    readonly bufferPool: number;
    /** Redo log on disk. */
    readonly redoLog: number;
    readonly logBuffer: number;
    /** Page cache of MyISAM's indexes. */
    readonly keyBuffer: number;
    /** Page cache of Aria (MariaDB's system and temporary tables), or MySQL's memory for temporary tables. */
    readonly temporary: number;
    /** Largest temporary table that stays in memory. */
    readonly temporaryTable: number;
    readonly connections: number;
    /** Total memory if every connection sorts or joins at once. */
    readonly total: number;
}

/** MiB of a server without data: code, dictionary, caches; performance_schema is off. */
const serverBase = { mariadb: 88, mysql: 250 } as const;
/** MiB per busy connection: stack, network, sort, join and read buffers, a small temporary table. */
const perConnection = 3;

/**
 * Divides a memory limit for MariaDB or MySQL: neither reads the container's limit by itself.
 *
 * The buffer pool gets a quarter of a small pod and up to seven tenths of a large one; connections get what is left.
 *
 * @param limit of the container, in MiB
 * @param disk size of the volume, in MiB: the redo log takes an eighth of it at most
 */
export function mysqlSizes(engine: "mariadb" | "mysql", limit: number, disk: number): MysqlSizes {
    const share = limit <= 512 ? 0.25 : limit <= 1024 ? 0.4 : limit <= 4096 ? 0.6 : 0.7;
    const logBuffer = clamp(limit / 64, 4, 64);
    const keyBuffer = 4;
    const temporary = clamp(limit / 32, 8, 256);
    const fixed = serverBase[engine] + logBuffer + keyBuffer + temporary;
    const wanted = floorTo(limit * share, 16);
    const bufferPool = Math.max(16, Math.min(wanted, floorTo(limit * planned - fixed - 20 * perConnection, 16)));
    const connections = clamp((limit * planned - fixed - bufferPool) / perConnection, 20, 500);
    return {
        bufferPool,
        redoLog: Math.max(16, Math.min(clamp(bufferPool / 4, 48, 2048), floorTo(disk / 8, 1))),
        logBuffer,
        keyBuffer,
        temporary,
        temporaryTable: clamp(limit / 64, 16, 64),
        connections,
        total: fixed + bufferPool + connections * perConnection,
    };
}

/** Sizes of a PostgreSQL server; memory in MiB. */
export interface PostgresSizes {
    readonly sharedBuffers: number;
    /** What the planner believes the page cache to hold: takes no memory. */
    readonly effectiveCache: number;
    readonly maintenance: number;
    readonly work: number;
    readonly connections: number;
    /** /dev/shm, through which parallel workers share rows: in memory, and part of the limit. */
    readonly sharedMemory: number;
    /** Write-ahead log between checkpoints, on disk. */
    readonly maxWal: number;
    readonly total: number;
}

/** Autovacuum's workers, each of which may take `maintenance_work_mem`. */
const vacuumWorkers = 3;

/**
 * Divides a memory limit for PostgreSQL after the manual's 25 % rule for shared buffers:
 * https://www.postgresql.org/docs/current/runtime-config-resource.html
 *
 * @param limit of the container, in MiB
 * @param disk size of the volume, in MiB: the write-ahead log takes a quarter of it at most
 */
export function postgresSizes(limit: number, disk: number): PostgresSizes {
    const base = 24;
    const backend = 2.5;
    const sharedBuffers = Math.floor(limit * 0.25);
    const maintenance = clamp(limit * 0.05, 1, 1024);
    const sharedMemory = clamp(limit * 0.05, 8, 1024);
    const connections = clamp(limit / 16, 20, 200);
    const left = limit * planned - base - sharedBuffers - vacuumWorkers * maintenance - sharedMemory;
    const work = clamp(left / connections - backend, 2, 64);
    return {
        sharedBuffers,
        effectiveCache: Math.floor(limit * 0.7),
        maintenance,
        work,
        connections,
        sharedMemory,
        maxWal: Math.max(64, Math.min(4096, Math.floor(disk / 4))),
        total: base + sharedBuffers + vacuumWorkers * maintenance + sharedMemory + connections * (work + backend),
    };
}
