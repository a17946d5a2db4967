import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { objectYaml } from "../../../operations/render/manifests";
import { type Rendering, renderStack } from "../../../operations/render/rendering";
import { brokenRules } from "../../support/invariants";
import { secretsInClear, sent } from "../../support/renderedRules";

const golden = join(__dirname, "projects.yaml");

/** Rules for images of which more is known than that they run in Docker. */
const ofKnownImages =
    /may gain privileges|keeps capabilities|can write its root|requests no |has no limit of |may run as root|may grow beyond|adds capabilities|no readiness probe|floating image/;

describe("Compose projects of four kinds", () => {
    let rendering: Rendering;
    before(async () => {
        rendering = await renderStack("compose", { folder: __dirname });
    });

    it("become the objects of the golden file", () => {
        const text = rendering.objects.map((object) => `---\n${objectYaml(object)}`).join("");
        if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, text);
        expect(text).to.equal(readFileSync(golden, "utf8"));
    });
    it("keep every rule but those for images of Plinth's own choice", () => {
        const broken = brokenRules(sent(rendering)).filter((rule) => !ofKnownImages.test(rule));
        expect(broken).to.deep.equal([]);
    });
    it("keep every secret in a Secret", () => {
        expect(secretsInClear(rendering)).to.deep.equal([]);
        const all = JSON.stringify(rendering.objects);
        for (const value of [
            "elephant",
            "squirrel",
            "whale",
            "kept-in-the-file",
            "key-in-the-file",
            "licence of the test",
            "walrus",
            "otter",
            "marten",
            "badger",
        ])
            expect(all).not.to.include(value);
    });
    it("tell what has no counterpart, with file, line, service and key", () => {
        expect(rendering.outputs.warnings.filter((warning) => /\.ya?ml:/.test(warning))).to.deep.equal([
            "fleet: projects/fleet/docker-compose.yml: version: is obsolete and not used; remove it",
            "fleet: projects/fleet/docker-compose.yml:36:9: services.probe.ulimits: has no counterpart: the container runtime sets them; change them in its configuration on the nodes",
            "fleet: projects/fleet/docker-compose.yml:27:15: services.gateway.volumes[0]: /etc/nginx/conf.d/default.conf is read-only, since it has the files of the project: write :ro; or, if the service writes there, x-plinth.binds makes it a volume",
            "press: projects/press/compose.yaml:31:9: services.pages.labels: traefik.enable would be read by another program, which is not in the cluster; x-plinth.route says what the edge sends here",
            "press: projects/press/compose.yaml:30:19: services.pages.volumes[0]: /var/cache/pages has no name: it is deleted with its pod; name the volume to keep it",
            "store: projects/store/compose.yaml:34:9: services.cache.image: the version is Plinth's own, not 8; images.redis of the instance sets another one",
            "store: projects/store/compose.yaml:38:9: services.queue.image: the version is Plinth's own, not 4; images.rabbitmq of the instance sets another one",
        ]);
    });
}).timeout(120_000);
