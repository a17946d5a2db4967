import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type RenderedObject, renderStack } from "../../operations/render/rendering";
import { ApiServer, Refusal } from "../support/apiServer";
import { controlPlane } from "../support/controlPlane";
import { gatewayKinds } from "../support/gatewayApi";
import { scratch } from "../support/tools";

const aliases = Array.from({ length: 20 }, (_, index) => `a${index}.example.org`);
const stack = `config:
    plinth:cluster: { context: fixture }
    plinth:namePrefix: gw
    plinth:instances:
        routed:
            platform: opencart
            host: routed.example.org
            aliases: [${aliases.join(", ")}]
            state: stopped
            sharedFiles: oneNode
            tls: { mode: "off", inFront: true }
            edge:
                type: Gateway
                gateway: { name: public, namespace: infra, section: https }
                controllerNamespace: infra
`;

describe("routes to a Gateway, at a real API server", function () {
    this.timeout(120_000);
    const folder = scratch();
    let server: ApiServer;
    let kinds: RenderedObject[] = [];
    let objects: readonly RenderedObject[] = [];
    before(async function () {
        const { command } = await controlPlane(this);
        server = await ApiServer.through(command, join(folder.path, "socket"));
        kinds = gatewayKinds(this);
        await server.apply(kinds);
        writeFileSync(join(folder.path, "Pulumi.routed.yaml"), stack);
        ({ objects } = await renderStack("routed", { folder: folder.path }));
    });
    after(async () => {
        await server?.remove([...objects.filter(({ kind }) => kind === "Namespace"), ...kinds]);
        await server?.close();
        folder.clean();
    });

    /** Applies as soon as the new kinds are served. @returns what the server warns of */
    async function apply(all: readonly RenderedObject[]): Promise<string[]> {
        for (let tries = 0; ; tries += 1)
            try {
                return await server.apply(all);
            } catch (error) {
                if (!(error instanceof Refusal) || error.code !== 404 || tries > 60) throw error;
                await sleep(500);
            }
    }

    it("are accepted without a warning, and stored as they are rendered", async () => {
        const routes = objects.filter(({ kind }) => kind === "HTTPRoute");
        expect(routes.map(({ metadata }) => metadata.name)).to.deep.equal(["gw-edge", "gw-edge2"]);
        expect(await apply([...objects.filter(({ kind }) => kind === "Namespace"), ...routes])).to.deep.equal([]);
        const stored = await server.get<RenderedObject>(routes);
        expect(stored.map(({ spec }) => spec)).to.deep.equal(routes.map(({ spec }) => spec));
        const [route] = structuredClone(routes) as unknown as { spec: { hostnames: string[] } }[];
        route!.spec.hostnames.push("one.more.example.org");
        expect(await server.wouldTake(route!).catch(({ message }: Refusal) => message)).to.match(
            /hostnames: Too many: 17: must have at most 16 items/,
        );
    });
});
