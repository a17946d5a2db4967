import { expect } from "chai";
import { EngineError } from "../../../operations/engine/engineError";
import { pulumiOn } from "../../../operations/engine/pulumi";
import { readState } from "../../../operations/engine/state";
import { StandIns } from "../../support/standIns";
import { scratch } from "../../support/tools";

describe("the engine on a stack", () => {
    const folder = scratch();
    const programs = new StandIns(folder.path, ["PULUMI_BACKEND_URL"]);
    after(() => folder.clean());
    /** An engine that prints something, and exits with that code. */
    const engine = (said: string, code: number) => {
        programs.add("pulumi", `echo '{"half": true}'; echo '${said}' >&2; exit ${code}`);
        const command = `${programs.path.split(":")[0]}/pulumi`;
        return pulumiOn("production", { command, version: "v3" }, { url: "x", env: { PULUMI_BACKEND_URL: "x" } });
    };
    const error = async (work: Promise<unknown>): Promise<EngineError> => {
        const thrown: unknown = await work.catch((one: unknown) => one);
        expect(thrown).to.be.instanceOf(EngineError);
        return thrown as EngineError;
    };

    it("is called with the name of the stack and the location of its state", async () => {
        expect(await engine("", 0).read(["stack", "export"])).to.equal('{"half": true}');
        expect(programs.calls()).to.deep.equal(["PULUMI_BACKEND_URL=x pulumi stack export --stack production"]);
    });

    it("fails with a kind of error, and a remedy if known", async () => {
        const kinds = {
            "error: the stack is currently locked by 1 lock(s)": ["locked", "./plinth launch production --recover"],
            'secrets "x" already exists': ["alreadyExists", "--adopt NAMESPACE"],
            "error: incorrect passphrase": ["passphraseWrong", "encryptionsalt in Pulumi.production.yaml"],
            "cannot be deleted\nas it is currently marked for protection": ["protected", "plinth:acceptLoss"],
            "error: no space left": ["other", "pulumi up failed"],
        } as const;
        for (const [said, [kind, remedy]] of Object.entries(kinds)) {
            const ran = await error(engine(said, 7).run(["up"]));
            expect(ran).to.include({ kind, exitCode: 7 });
            expect(ran.message).to.include(remedy);
            const { kind: same, output, details: words } = await error(engine(said, 7).read(["up"]));
            expect([same, output, words]).to.deep.equal([kind, '{"half": true}', said]);
        }
    });

    it("has no state before the stack exists, and says why a state cannot be read", async () => {
        expect(await readState(engine('error: no stack named "production" found', 255))).to.equal(undefined);
        expect((await error(readState(engine("error: access denied", 1)))).message).to.equal(
            'The state of "production" could not be read: error: access denied',
        );
    });
});
