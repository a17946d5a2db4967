import { expect } from "chai";
import fc from "fast-check";
import { ComposeError, loadProject } from "../../../compose";
import { isExact, peerNames, serviceLabel } from "../../../platforms/compose/names";
import { writeProject } from "../../support/composeProjects";
import { scratch } from "../../support/tools";

function namesOf(text: string) {
    const { path, clean } = scratch();
    try {
        return peerNames(loadProject({ folder: writeProject(path, { "compose.yaml": text }) }));
    } finally {
        clean();
    }
}

describe("names of Compose services in a cluster", () => {
    it("are those that peers call them by", () => {
        const names = namesOf(`
services:
  plausible_db: {image: a, container_name: Plausible.DB, hostname: db, networks: {net: {aliases: [postgres, db]}}}
  web: {image: a, links: ["plausible_db:database", web-2], networks: [net]}
  web-2: {image: a, networks: [net]}
networks: {net: }
`);
        expect(names.map((name) => [name.written, name.label, name.service, name.kind, isExact(name)])).to.deep.equal([
            ["plausible_db", "plausible-db", "plausible_db", "service", false],
            ["Plausible.DB", "plausible-db", "plausible_db", "container_name", false],
            ["db", "db", "plausible_db", "hostname", true],
            ["postgres", "postgres", "plausible_db", "alias", true],
            ["db", "db", "plausible_db", "alias", true],
            ["web", "web", "web", "service", true],
            ["web-2", "web-2", "web-2", "service", true],
            ["database", "database", "plausible_db", "link", true],
        ]);
        expect(names.at(-1)!.seenBy).to.equal("web");
    });

    it("are refused if two services would have one, with both places", () => {
        const text = "services:\n  my_db: {image: a}\n  other:\n    image: a\n    container_name: My.DB\n";
        expect(() => namesOf(text))
            .to.throw(ComposeError, "compose.yaml:5:5: services.other.container_name:")
            .with.property("message")
            .that.includes('"my-db"')
            .and.includes("compose.yaml:2:3");
    });

    it("are valid for Services, whatever is written", () => {
        fc.assert(
            fc.property(fc.string({ unit: "grapheme", maxLength: 100 }), (text) => {
                expect(serviceLabel(text)).to.match(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
            }),
        );
    });
});
