import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { renderStack } from "../../operations/render/rendering";
import { ConfigError } from "../../config/problems";

/** The user's output for a stack file: one line per problem. */
export async function problemsOf(config: Record<string, unknown> | string, stack = "staging"): Promise<string[]> {
    const folder = mkdtempSync(join(tmpdir(), "plinth-bad-"));
    try {
        writeFileSync(
            join(folder, `Pulumi.${stack}.yaml`),
            typeof config === "string" ? config : stringify({ config }),
        );
        await renderStack(stack, { folder });
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        expect(error.message).to.include("nothing was changed");
        return error.problems.map(({ path, message }) => `${path}: ${message}`);
    } finally {
        rmSync(folder, { recursive: true });
    }
    return [];
}

/** A shop that is valid except for these keys. */
export const shop = (keys: Record<string, unknown> = {}) => ({
    platform: "opencart",
    host: "shop.example.org",
    sharedFiles: "oneNode",
    ...keys,
});

/** A stack of these instances, with values for other keys. */
export const stackOf = (instances: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
    "plinth:cluster": { context: "fixture" },
    "plinth:instances": instances,
    ...more,
});

/** The user's output for a stack of one shop. */
export const one = (keys: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    problemsOf(stackOf({ shop: shop(keys) }, more));

/** Mistakes by name, each with the required parts of its problems. */
export type Mistakes = Readonly<Record<string, { of: () => Promise<string[]>; says: string[] }>>;

/** A test for each mistake. */
export function itSaysWhatIsWrong(mistakes: Mistakes): void {
    for (const [what, { of, says }] of Object.entries(mistakes)) {
        it(`reports ${what}`, async () => {
            const lines = await of();
            for (const part of says)
                expect(
                    lines.some((line) => line.includes(part)),
                    `${part}\nin\n${lines.join("\n")}`,
                ).to.equal(true);
        });
    }
}
