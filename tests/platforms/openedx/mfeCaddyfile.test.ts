import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { mfeCaddyfile } from "../../../platforms/openedx/settings/mfeCaddyfile";
import { imageMfes } from "../../../platforms/openedx/settings/microfrontends";
import { caddyPackage, caddyTitle } from "../../support/caddy";
import { Daemon, freePort, goProgram, pythonProgram, scratch } from "../../support/tools";
import { facts } from "./support";
import { tutorFiles } from "./tutor";

/** A Caddyfile as the configuration that Caddy makes of it. */
interface Adapted {
    readonly apps: { readonly http: { readonly servers: Readonly<Record<string, { readonly routes: object[] }>> } };
}

describe(`the micro-frontends' Caddyfile, ${caddyTitle}`, function () {
    this.timeout(300_000);
    const { path, clean } = scratch();
    after(clean);

    it("serves folders, the applications' routes, the configuration from the LMS, and own applications", async function () {
        const caddy = await goProgram(this, "caddy", caddyPackage);
        const lms = createServer((request, response) => response.end(`${request.headers.host} ${request.url}`));
        const own = createServer((request, response) => response.end(`own ${request.url}`));
        for (const server of [lms, own]) await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
        const address = (server: typeof lms) => `127.0.0.1:${(server.address() as AddressInfo).port}`;
        const port = await freePort();
        const file = mfeCaddyfile(
            facts({
                internal: { lms: address(lms), cms: "cms:8000" },
                mfe: { apps: { grades: { path: "/own/grades" }, remote: { upstream: address(own) } } },
            }),
        );
        for (const name of [...imageMfes, "site", "grades"]) {
            mkdirSync(join(path, "dist", name), { recursive: true });
            writeFileSync(join(path, "dist", name, "index.html"), `index of ${name}`);
            writeFileSync(join(path, "dist", name, "app.js"), `code of ${name}`);
        }
        writeFileSync(
            join(path, "Caddyfile"),
            file.replaceAll("/openedx/dist", join(path, "dist")).replace(":8002", `:${port}`),
        );
        const env = { PATH: process.env["PATH"], HOME: path, XDG_DATA_HOME: path, XDG_CONFIG_HOME: path };
        const daemon = new Daemon(caddy, ["run", "--config", join(path, "Caddyfile")], { env });
        const get = async (url: string) => {
            const answer = await fetch(`http://127.0.0.1:${port}${url}`, { redirect: "manual" });
            return answer.headers.get("location") ?? (await answer.text());
        };
        try {
            await daemon.ready(() => get("/"));
            for (const name of imageMfes) {
                expect(await get(`/${name}`), name).to.equal(`index of ${name}`);
                expect(await get(`/${name}/app.js`), name).to.equal(`code of ${name}`);
                expect(await get(`/${name}/some/route?a=1`), name).to.equal(`index of ${name}`);
            }
            const others: [asked: string, answer: string][] = [
                ["/", "https://lms.example.org"],
                ["/instructor-dashboard/course", "index of site"],
                ["/learningx", "index of site"],
                ["/app.js", "code of site"],
                ["/own/grades/app.js", "code of grades"],
                ["/remote/a?b=1", "own /remote/a?b=1"],
                ["/api/mfe_config/v1?mfe=learning", "lms.example.org /api/mfe_config/v1?mfe=learning"],
                ["/api/frontend_site_config/v1", "lms.example.org /api/frontend_site_config/v1"],
                ["/course-authoring/course/1", "/authoring/course/1"],
            ];
            for (const [asked, answer] of others) expect(await get(asked), asked).to.equal(answer);
        } finally {
            await daemon.stop();
            for (const server of [lms, own]) server.close();
        }
    });

    it("has the routes of Tutor's, of which one is stricter, and the way to the LMS", async function () {
        const caddy = await goProgram(this, "caddy", caddyPackage);
        const tutor = await pythonProgram(this, "tutor");
        const config = { LMS_HOST: "lms.example.org", CMS_HOST: "studio.lms.example.org" };
        const { caddyfile } = await tutorFiles(tutor, join(path, "tutor"), config, ["mfe"]);
        const file = join(path, "adapted");
        const routes = (text: string) => {
            writeFileSync(file, text);
            const adapted = execFileSync(caddy, ["adapt", "--adapter", "caddyfile", "--config", file], {
                encoding: "utf8",
                stdio: ["ignore", "pipe", "ignore"],
            });
            const { servers } = (JSON.parse(adapted) as Adapted).apps.http;
            // Groups are numbered, and say only that the first that fits is taken.
            return servers["srv0"]!.routes.map((route) => JSON.stringify({ ...route, group: undefined }));
        };
        // Paths have a slash at the begin already.
        const theirs = routes(caddyfile.replaceAll("try_files /{path}", "try_files {path}"));
        // Theirs would also take the words in the midst of a path.
        const ours = routes(mfeCaddyfile(facts())).map((one) => one.replace("^/course", "/course"));
        // What their outer server does: the way from the bare host to the LMS.
        const [root, ...others] = ours;
        expect(root).to.contain('{"path":["/"]}').and.contain("https://lms.example.org");
        expect(others).to.have.members(theirs);
        expect(ours.at(-1)).to.equal(theirs.at(-1));
    });

    it("refuses names and paths that would be something else in it", () => {
        for (const name of ["A", "a b", "a{b", "", "-a"])
            expect(() => mfeCaddyfile(facts({ mfe: { apps: { [name]: {} } } })), name).to.throw(
                "allowed: names of a-z",
            );
        for (const path of ["", "/", "a", "/a/", "/a b", "/a*", "/{a}"])
            expect(() => mfeCaddyfile(facts({ mfe: { apps: { a: { path } } } })), path).to.throw(
                "allowed: a path such as",
            );
    });
});
