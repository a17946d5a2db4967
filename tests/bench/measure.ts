/** One measurement per process. */
export interface Figures {
    /** Wall-clock time. */
    readonly seconds: number;
    /** CPU time of all threads. */
    readonly cpuSeconds: number;
    readonly resources: number;
    /** Peak memory of the process, with all modules. */
    readonly megabytes: number;
}

/** Measures a function that returns the number of resources it has created, and prints the result. */
export async function measure(work: (count: number) => number | Promise<number>): Promise<void> {
    const start = process.hrtime.bigint();
    const before = process.cpuUsage();
    const resources = await work(Number(process.argv[2]));
    const { user, system } = process.cpuUsage(before);
    const figures: Figures = {
        seconds: Number(process.hrtime.bigint() - start) / 1e9,
        cpuSeconds: (user + system) / 1e6,
        resources,
        megabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    };
    console.log(JSON.stringify(figures));
}
