import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PlainPlan } from "../../operations/render/plainPlan";
import { declareProgram } from "../../platforms/program";
import { type DeclareArgs, givenOf, objectsOf, type Sent } from "./declare";

/** Declares an instance `shop` of OpenCart with the whole program; returns what would be sent. */
export async function declareOpenCart(
    args: DeclareArgs = {},
    generated: Readonly<Record<string, string>> = {},
): Promise<Sent[]> {
    const instances = { shop: { platform: "opencart", host: "shop.example.org", ...args.instance } };
    const given = givenOf({ ...args.values, instances }, args.stack);
    const { plan } = declareProgram(given, { offline: true });
    return objectsOf(new PlainPlan(plan, { ...given, preview: args.preview ?? false, generated }).resources);
}

/** OpenCart's directories as `images/opencart/prepare.sh` lays them out below `root`, with the sources given. */
export function layOut(sources: string, root: string, adminPath = "admin"): void {
    const script = join(__dirname, "..", "..", "images", "opencart", "prepare.sh");
    mkdirSync(root, { recursive: true });
    execFileSync("sh", [script, sources, root], { env: { ...process.env, ADMIN_PATH: adminPath }, stdio: "inherit" });
}
