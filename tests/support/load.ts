import { type ChildProcess, spawn } from "node:child_process";

export interface LoadArgs {
    /** Where the next connection goes; undefined while no pod is ready. */
    readonly address: () => string | undefined;
    readonly password: string;
    /** Number of clients at a time. @default 3 */
    readonly clients?: number;
}

/** What clients have seen that write without a pause. */
export interface Written {
    readonly acknowledged: readonly number[];
    /** The longest time in seconds in which nobody's write was acknowledged. */
    readonly gap: number;
}

/** Rows that a client writes by one connection, as a page of an application does. */
const rowsOfPage = 20;
/** Seconds after which a client gives a connection up that says nothing. */
const patience = 10;

/**
 * Clients that write numbered rows into the table `kept` by the Service, each with the member that took it and the time.
 *
 * @returns ends them
 */
export function load({ address, password, clients = 3 }: LoadArgs): () => Promise<Written> {
    const acknowledged: number[] = [];
    let next = 0;
    let isOver = false;
    let last = Date.now();
    let gap = 0;
    const note = (id: number) => {
        acknowledged.push(id);
        gap = Math.max(gap, Date.now() - last);
        last = Date.now();
    };
    const page = (host: string): Promise<number> =>
        new Promise((resolve) => {
            const child: ChildProcess = spawn(
                "mariadb",
                [
                    ...["--no-defaults", "--skip-ssl", "--batch", "--unbuffered", "--skip-column-names"],
                    ...["--skip-reconnect", "--connect-timeout=2", `--host=${host}`, "--port=3306"],
                    ...["--user=opencart", "open_cart"],
                ],
                { env: { ...process.env, MYSQL_PWD: password }, stdio: ["pipe", "pipe", "ignore"] },
            );
            const isSilent = () => child.kill("SIGKILL");
            let timer = setTimeout(isSilent, patience * 1000);
            let rest = "";
            child.stdout!.on("data", (data: Buffer) => {
                const lines = (rest + data.toString()).split("\n");
                rest = lines.pop()!;
                lines.forEach((line) => note(Number(line)));
                clearTimeout(timer);
                timer = setTimeout(isSilent, patience * 1000);
            });
            child.stdin!.on("error", () => undefined);
            for (let row = 0; row < rowsOfPage; row++) {
                const id = next++;
                child.stdin!.write(`INSERT INTO kept SELECT ${id}, @@wsrep_node_name, NOW(6); SELECT ${id};\n`);
            }
            child.stdin!.end();
            child.once("close", (code) => {
                clearTimeout(timer);
                resolve(code ?? -1);
            });
        });
    const client = async () => {
        while (!isOver) {
            const host = address();
            if (host === undefined || (await page(host)) !== 0) await new Promise((resolve) => setTimeout(resolve, 50));
        }
    };
    const all = [...Array(clients).keys()].map(client);
    return async () => {
        isOver = true;
        await Promise.all(all);
        return { acknowledged, gap: Math.max(gap, Date.now() - last) / 1000 };
    };
}
