import { expect } from "chai";
import type { Live } from "./live";

/** Has PostgreSQL write more than the last blocks of its volume. @returns the server's answer */
export async function grow(live: Live): Promise<string> {
    // Random, or it would be compressed.
    const rows =
        "CREATE TABLE plinth_full AS SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 64) part, generate_series(1, 32768) row GROUP BY part";
    const answer = await live.sql(rows).then(
        () => "accepted",
        (error: unknown) => /No space left[^\n]*|[^\n]*$/.exec(String(error).trim())![0],
    );
    expect(answer).not.to.equal("accepted");
    return `64 MiB of rows: "${answer}"`;
}
