import { expect } from "chai";
import { splitCommand } from "../../../cli/commands/exec";

describe("the command after --", () => {
    const split = (line: string, words: string) => {
        const { words: before, command } = splitCommand(words.split(" "), line.split(" "));
        return `${before.join(" ")} | ${command.join(" ")}`;
    };
    it("is separated from component and stack", () => {
        expect(split("node plinth exec frontend -- ls -l", "frontend ls -l")).to.equal("frontend | ls -l");
        expect(split("node plinth exec frontend dev -c php -- ls", "frontend dev ls")).to.equal("frontend dev | ls");
    });
    it("may contain dashes itself", () => {
        expect(split("node plinth exec a -- sh -- x", "a sh -- x")).to.equal("a | sh -- x");
    });
    it("may be missing", () => {
        expect(split("node plinth exec frontend dev", "frontend dev")).to.equal("frontend dev | ");
        expect(split("node plinth exec frontend --", "frontend")).to.equal("frontend | ");
    });
});
