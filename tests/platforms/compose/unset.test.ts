import { expect } from "chai";
import { stringify } from "yaml";
import { chooseKey, secretStates } from "../../../operations/secrets/secrets";
import { Session } from "../../../operations/session";
import { write } from "../../support/files";
import { scratch } from "../../support/tools";
import { convert, refusalOf, web } from "./support";

describe("A secret variable that a Compose project leaves to its environment", () => {
    const { path: folder, clean } = scratch();
    after(clean);
    const project = (password: string) => ({
        services: {
            web,
            db: { image: "postgres:17.6", environment: { POSTGRES_PASSWORD: password, MODE: "${MODE}" } },
        },
    });
    const session = (password: string) => {
        const shop = { platform: "compose", host: "shop.localhost", file: "compose.yaml", tls: { mode: "off" } };
        write(folder, {
            "Pulumi.dev.yaml": stringify({ config: { "plinth:instances": { shop } } }),
            "compose.yaml": stringify(project(password)),
        });
        return new Session("dev", { folder });
    };

    it("is demanded with its place and the command that sets it", () => {
        const refusal = refusalOf(project("${DB_PASSWORD:?set it in .env}"));
        expect(refusal).to.match(
            /compose\.yaml:\d+:\d+: services\.db\.environment\.POSTGRES_PASSWORD: the variable DB_PASSWORD must have a value: /,
        );
        expect(refusal).to.include("./plinth secrets set shop DB_PASSWORD");
        expect(refusal.match(/DB_PASSWORD must have/g)).to.have.length(1);
    });
    it("can be set before anything of it is in the project", async () => {
        for (const [text, value] of [
            ["${DB_PASSWORD:?}", "missing"],
            ["${DB_PASSWORD}", "unused"],
        ] as const) {
            const now = session(text);
            const key = chooseKey(now, "shop", "DB_PASSWORD");
            expect((await secretStates(now, [key])).map((state) => state.value)).to.deep.equal([value]);
        }
    });
    it("is a Secret once it is set, and nothing else", () => {
        const values = { secrets: { shop: { DB_PASSWORD: "never-S33n-here" } } };
        const { objects, warnings } = convert(project("${DB_PASSWORD:?}"), { values, showSecrets: true });
        const holding = objects.filter((object) => JSON.stringify(object).includes("never-S33n-here"));
        expect(holding.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).to.deep.equal(["Secret db-env"]);
        expect(warnings.join()).not.to.include("DB_PASSWORD");
    });
    it("is empty without a value, with a warning, as any other variable is", () => {
        const { warnings } = convert(project("${DB_PASSWORD}"));
        expect(warnings.filter((warning) => /is not set, and is taken as empty/.test(warning))).to.have.length(2);
        expect(refusalOf(project("${DB_NAME:?}"))).to.match(/the variable DB_NAME must have a value/);
    });
});
