import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { renderStack } from "../../operations/render/rendering";
import { measure } from "./measure";

/** `program.ts N` renders a stack of N shops. */
async function program(instances: number): Promise<number> {
    const folder = mkdtempSync(join(tmpdir(), "plinth-bench-"));
    try {
        const shops = Array.from({ length: instances }, (_, index) => [
            `shop-${index}`,
            { platform: "opencart", host: `shop-${index}.example.org` },
        ]);
        const config = {
            "plinth:cluster": { context: "bench", sharedStorageClass: "shared" },
            "plinth:defaults": { tls: { mode: "acme", email: "ops@example.org" } },
            "plinth:instances": Object.fromEntries(shops),
        };
        writeFileSync(join(folder, "Pulumi.bench.yaml"), stringify({ config }));
        return (await renderStack("bench", { folder })).resources.length;
    } finally {
        rmSync(folder, { recursive: true });
    }
}

void measure(program);
