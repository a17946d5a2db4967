import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { chooseInstances, writeStates } from "../../../operations/launch/states";
import type { StackConfig } from "../../../config/stack";
import { scratch } from "../../support/tools";

describe("the instances to stop and to start", () => {
    const stack = {
        stack: "staging",
        instances: [
            { name: "shop", state: "running" },
            { name: "pprd", state: "stopped" },
            { name: "old", state: "removed" },
        ],
    } as unknown as StackConfig;
    it("are those in the other state, and removed ones by name only", () => {
        expect(chooseInstances(stack, [], "stopped")).to.deep.equal(["shop"]);
        expect(chooseInstances(stack, [], "running")).to.deep.equal(["pprd"]);
        expect(chooseInstances(stack, ["old"], "running")).to.deep.equal(["old"]);
    });
    it("are all checked at once", () => {
        expect(() => chooseInstances(stack, ["shpo", "pprd", "x"], "stopped")).to.throw(
            /no instance "shpo"; did you mean "shop"\?; available: shop, pprd, old\n.*no instance "x"/,
        );
    });
    it("are none if all are in that state", () => {
        const stopped = { ...stack, instances: stack.instances.slice(1) };
        expect(() => chooseInstances(stopped, [], "stopped")).to.throw(
            'No instance of "staging" is running: pprd is stopped, old is removed',
        );
    });
});

describe("the state in a stack file", () => {
    const folder = scratch();
    after(() => folder.clean());
    const path = join(folder.path, "Pulumi.test.yaml");
    const edit = (text: string, names: string[], state: "running" | "stopped") => {
        writeFileSync(path, text);
        return { diff: writeStates(path, names, state), text: () => readFileSync(path, "utf8") };
    };
    const before = `config:
  plinth:defaults: {tls: {mode: "off"}}   # kept
  plinth:instances:
    shop:                                 # the first
      platform: opencart
      host: shop.example.org
      state: running                      # kept, too
    pprd: {platform: opencart, host: pprd.example.org}
`;

    it("is changed or added, and everything else is unchanged", () => {
        const { diff, text } = edit(before, ["shop", "pprd"], "stopped");
        expect(diff).to.deep.equal([
            "-      state: running                      # kept, too",
            "+      state: stopped                      # kept, too",
            "-    pprd: {platform: opencart, host: pprd.example.org}",
            "+    pprd: {platform: opencart, host: pprd.example.org, state: stopped}",
        ]);
        expect(text().split("\n").slice(0, 6)).to.deep.equal(before.split("\n").slice(0, 6));
    });
    it("shows an added line as such", () => {
        const block = before.replace(/ +state: .*\n/, "");
        expect(edit(block, ["shop"], "stopped").diff).to.deep.equal(["+      state: stopped"]);
        const last = "config:\n  plinth:instances:\n    shop:\n      platform: opencart";
        expect(edit(last, ["shop"], "stopped").diff).to.deep.equal(["+      state: stopped"]);
    });
    it("is left alone if it is correct", () => {
        const { diff, text } = edit(before, ["shop"], "running");
        expect(diff).to.deep.equal([]);
        expect(text()).to.equal(before);
    });
    it("is not written without the instance", () => {
        expect(() => edit(before, ["old"], "running")).to.throw('the instance "old" is not in');
        expect(readFileSync(path, "utf8")).to.equal(before);
    });
});
