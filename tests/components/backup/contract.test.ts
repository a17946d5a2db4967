import { join } from "node:path";
import { expect } from "chai";
import { exitCodeLines, exitCodes, steps, tasks } from "../../../components/backup/contract";
import { filled, wholeFile } from "../../../components/languages/text";
import { renderStack } from "../../../operations/render/rendering";
import { find, podOf, type Sent } from "../../support/declare";

describe("the contract of backup and restore", () => {
    it("matches the component's declaration and its scripts", async () => {
        const rendering = await renderStack("backup", { folder: join(__dirname, "..", "..", "stacks") });
        const objects = rendering.objects as unknown as Sent[];
        const files = find(objects, "ConfigMap", "backup")["data"] as Record<string, string>;
        for (const task of Object.values(tasks)) {
            const { initContainers, containers } = podOf(objects, "CronJob", task);
            const names = [...initContainers, ...containers].map(({ name }: { name: string }) => name);
            // A shop has neither documents nor objects.
            const others = /documents|objects/;
            expect(names).to.deep.equal(Object.values(steps[task]).filter((step) => !others.test(step)));
            for (const { name, command } of [...initContainers, ...containers])
                expect([command.at(-1), Object.keys(files)]).to.satisfy(
                    ([script, all]: [string, string[]]) => script.endsWith(`/${name}.sh`) && all.includes(`${name}.sh`),
                );
        }
        expect(files["common.sh"]).to.include(`\n${exitCodeLines}code=$untouched\n`);
        expect(exitCodeLines)
            .to.include(`untouched=${exitCodes.untouched}\n`)
            .and.to.include(`changed=${exitCodes.changed}\n`);
    });
    it("finds its place in a file, or reports that it has none", () => {
        expect(filled(wholeFile("a\n# here\nb\n"), "# here", exitCodeLines)).to.equal(`a\n${exitCodeLines}b\n`);
        expect(() => filled(wholeFile("a\n"), "# here", exitCodeLines)).to.throw('not exactly one line "# here"');
    });
});
