import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { readRoot } from "../../../../operations/importing/tutor/readRoot";
import { tutorConfig, writeRoot } from "../../../support/tutor";
import { scratch } from "../../../support/tools";

describe("reading a Tutor root", () => {
    let folder: ReturnType<typeof scratch>;
    beforeEach(() => {
        folder = scratch();
    });
    afterEach(() => folder.clean());
    const write = (files: Readonly<Record<string, string | object>>) =>
        writeRoot(folder.path, { "env/version": "22.0.3", ...files });
    const refusal = (): string => {
        try {
            readRoot(folder.path);
            return "";
        } catch (error) {
            return (error as Error).message;
        }
    };

    it("finds the release, the rendered settings, and the data of `tutor local`", () => {
        write({ "config.yml": tutorConfig(), "env/apps/openedx/config/lms.env.yml": "FEATURES:\n  X: true\n" });
        const root = readRoot(folder.path);
        expect([root.version, root.isLocal, root.env]).to.deep.equal([
            "22.0.3",
            false,
            { lms: { FEATURES: { X: true } } },
        ]);
        mkdirSync(join(folder.path, "data", "mysql"), { recursive: true });
        expect(readRoot(folder.path).isLocal).to.equal(true);
    });

    it("reads unquoted texts as Python does", () => {
        const text = [
            "A: yes",
            "B: Off",
            'C: "yes"',
            // Passwords that are no numbers in YAML 1.1, or that JavaScript cannot hold.
            "D: 12e45678",
            "E: 12345678901234567890",
            "F: 010",
            "G: 1_000",
            "H: 0x1F",
            "I: ~",
            "J: -3",
            "K: 08912345",
            "L: 1.50",
            "M:",
            "N: |\n  one\n  two",
        ];
        write({ "config.yml": `${text.join("\n")}\n` });
        expect(readRoot(folder.path).config).to.deep.equal({
            ...{ A: true, B: false, C: "yes", D: "12e45678", E: "12345678901234567890", F: 8, G: 1000, H: 31 },
            ...{ I: null, J: -3, K: "08912345", L: 1.5, M: null, N: "one\ntwo\n" },
        });
    });

    it("refuses a folder without config.yml, and one that is not known to be of this release", () => {
        expect(refusal()).to.include("has no config.yml; allowed: the folder that `tutor config printroot` prints");
        write({ "config.yml": tutorConfig(), "env/version": "21.0.9\n" });
        expect(refusal()).to.include("is of Tutor 21.0.9; allowed: 22. Upgrade the platform with Tutor first");
        write({ "config.yml": tutorConfig(), "env/version": "220.1" });
        expect(refusal()).to.include("is of Tutor 220.1");
        writeRoot(join(folder.path, "bare"), { "config.yml": tutorConfig() });
        expect(() => readRoot(join(folder.path, "bare"))).to.throw("run `tutor config save` with Tutor 22 first");
        writeRoot(join(folder.path, "bare"), { "config.yml": tutorConfig({ TUTOR_VERSION: "22.0.1" }) });
        expect(readRoot(join(folder.path, "bare")).version).to.equal("22.0.1");
    });

    it("reports what is no map of variables by file and line, and never quotes it", () => {
        write({ "config.yml": "LMS_HOST: x\nSMTP_PASSWORD: 'hunter2\n" });
        expect(refusal())
            .to.match(/config\.yml: line \d+, column \d+: /)
            .and.not.include("hunter2");
        write({ "config.yml": "SMTP_PASSWORD: !hunter2 x\n" });
        expect(refusal()).to.include("config.yml: line 1").and.not.include("hunter2");
        write({ "config.yml": "- hunter2\n" });
        expect(refusal()).to.include("allowed: a map from variables to values").and.not.include("hunter2");
    });
});
