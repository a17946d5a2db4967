import { expect } from "chai";
import type { Live } from "./live";

/**
 * Has MariaDB or MySQL write more than the last blocks of its volume.
 *
 * @param message finds the server's message in what the program for statements prints
 * @returns the server's answer
 */
export const grow =
    (message: RegExp) =>
    async (live: Live): Promise<string> => {
        const started = Date.now();
        const answer = await live
            .sql("CREATE TABLE plinth_full AS SELECT REPEAT('x', 1048576) t FROM information_schema.columns LIMIT 64")
            .then(
                () => "accepted",
                (error: unknown) => message.exec(String(error))?.[1] ?? String(error),
            );
        expect(answer).not.to.equal("accepted");
        return `64 MiB of rows: "${answer}" after ${((Date.now() - started) / 1000).toFixed(1)} s`;
    };
