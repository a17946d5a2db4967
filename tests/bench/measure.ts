/** One measurement a process. */
export interface Figures {
    /** On the clock. */
    readonly seconds: number;
    /** Of the processor, in all threads. */
    readonly cpuSeconds: number;
    readonly resources: number;
    /** The peak of the process's memory, with all modules. */
    readonly megabytes: number;
}

/** Prints what a piece of work takes, which returns how many resources it has made. */
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
