import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { record } from "../../operations/render/record";

import plinth = require("../../index");

import type { DeclareArgs, Sent } from "./declare";
import { objectsOf } from "./declare";

/** Declares an instance `shop` of OpenCart with the whole program; returns what would be sent. */
export async function declareOpenCart(
    args: DeclareArgs = {},
    generated: Readonly<Record<string, string>> = {},
): Promise<Sent[]> {
    const instances = { shop: { platform: "opencart", host: "shop.example.org", ...args.instance } };
    const { resources } = await record(() => plinth({ offline: true }), {
        project: "plinth",
        stack: args.stack ?? "dev",
        config: Object.fromEntries(
            Object.entries({ ...args.values, instances }).map(([key, value]) => [
                `plinth:${key}`,
                JSON.stringify(value),
            ]),
        ),
        preview: args.preview ?? false,
        generated,
    });
    return objectsOf(resources);
}

/** OpenCart's directories as `images/opencart/prepare.sh` lays them out below `root`, with the sources given. */
export function layOut(sources: string, root: string, adminPath = "admin"): void {
    const script = join(__dirname, "..", "..", "images", "opencart", "prepare.sh");
    mkdirSync(root, { recursive: true });
    execFileSync("sh", [script, sources, root], { env: { ...process.env, ADMIN_PATH: adminPath }, stdio: "inherit" });
}
