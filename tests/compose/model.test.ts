import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { loadProject } from "../../compose";
import spec from "../../compose/schema/compose-spec.json";
import type { Schema } from "../../compose/schema/schema";
import { ComposeGo, type Question } from "../support/composeGo";
import { difference, env, ownAnswer, wantedAnswer } from "../support/composeProjects";

const cases = join(__dirname, "cases");

/** Other ways to read a case than by its folder. */
const ways: Readonly<Record<string, readonly Question[]>> = {
    services: [
        { profiles: ["tools"], name: "asked" },
        { profiles: ["*"] },
        { projectFolder: "..", files: ["compose.yaml"] },
    ],
    jobs: [{ profiles: ["debug", "never", ""] }],
    merge: [{ files: ["compose.yaml", "compose.override.yaml", "more.yaml"] }],
    forms: [{ env: { EMPTY: "", PORT: "1" } }],
    environment: [
        { files: ["deploy/compose.yaml"], profiles: ["three"], envFiles: ["deploy/.env", ".env"] },
        { env: { COMPOSE_PROJECT_NAME: "by-variable", COMPOSE_PROFILES: "", A: "given", HOME: "/root" } },
    ],
};

const questions = readdirSync(cases).flatMap((name) => {
    const folder = join(cases, name);
    return [{}, ...(ways[name] ?? [])].map((way: Question) => ({
        ...way,
        folder,
        ...(way.projectFolder ? { projectFolder: join(folder, way.projectFolder) } : {}),
    }));
});

describe("a Compose project", () => {
    let oracle: ComposeGo;

    before(async function () {
        oracle = await ComposeGo.start(this);
    });
    after(() => oracle?.stop());

    for (const question of questions) {
        const { folder, ...way } = question;
        it(`of ${folder.slice(cases.length + 1)} ${JSON.stringify(way)} is what compose-go makes of it`, async () => {
            const wanted = await wantedAnswer(oracle, question);
            expect(wanted.error).to.equal(undefined);
            expect(difference(ownAnswer(question), wanted)).to.equal(undefined);
        });
    }

    it("is read with the schema that compose-go has", async () => {
        expect((await oracle.ask({ schema: true })).schema).to.deep.equal(spec);
    });

    it("is tried with every key of the specification", function () {
        this.timeout(120_000);
        const seen = new Set<string>();
        const visit = (value: unknown): void => {
            if (typeof value !== "object" || value === null) return;
            for (const [key, inner] of Object.entries(value)) {
                seen.add(key);
                visit(inner);
            }
        };
        for (const question of questions) {
            const { project, disabledServices } = loadProject({ env, ...question });
            visit([project, disabledServices]);
        }
        const known = new Set<string>();
        const collect = (schema: Schema): void => {
            for (const [key, inner] of Object.entries(schema.properties ?? {})) {
                known.add(key);
                collect(inner);
            }
            for (const inner of Object.values(schema.patternProperties ?? {})) collect(inner);
            for (const inner of [schema.items, ...(schema.oneOf ?? []), ...(schema.allOf ?? [])])
                if (inner) collect(inner);
        };
        collect(spec as unknown as Schema);
        for (const inner of Object.values(spec.$defs)) collect(inner as Schema);
        // What loading makes something else of.
        for (const key of ["version", "include", "extends", "service", "project_directory"]) known.delete(key);
        expect([...known].filter((key) => !seen.has(key))).to.deep.equal([]);
    });
});
