import { gateways, type GatewayFacts } from "../../../operations/doctor/gateways";
import { expectFinding, object, rendering } from "../../support/doctor";
import { labelled } from "../../support/observed";

describe("doctor: Gateways", () => {
    const api = "gateway.networking.k8s.io/v1";
    const route = (parent: object = {}) =>
        rendering(
            object("HTTPRoute", "edge", { parentRefs: [{ name: "public", namespace: "infra", ...parent }] }, api),
        );
    const gateway = (from?: string, addresses: { value: string }[] = []) => ({
        kind: "Gateway",
        metadata: labelled("infra", "public"),
        spec: { listeners: [{ name: "https", ...(from ? { allowedRoutes: { namespaces: { from } } } : {}) }] },
        status: { addresses },
    });
    const find = (changes: Partial<GatewayFacts>) =>
        gateways({
            rendering: route(),
            apiResources: [{ name: "httproutes", apiVersion: api, kind: "HTTPRoute" }],
            gateways: [gateway("All", [{ value: "192.0.2.7" }])],
            ...changes,
        });

    it("are needed only by routes", () => {
        expectFinding(find({ rendering: rendering(), apiResources: [], gateways: [] }), "ok", "not needed");
        expectFinding(find({}), "ok", "infra/public (192.0.2.7)");
    });
    it("are named if they, or the kinds of the API, are missing", () => {
        expectFinding(find({ apiResources: [] }), "problem", "HTTPRoute", "CustomResourceDefinitions");
        expectFinding(find({ gateways: [] }), "problem", "infra/public", "edge.gateway");
    });
    it("must have the listener, and let the routes of the namespace attach", () => {
        expectFinding(find({ rendering: route({ sectionName: "http" }) }), "problem", '"http"; it has: https');
        for (const from of [undefined, "Same", "None"])
            expectFinding(find({ gateways: [gateway(from)] }), "problem", "no route from the namespace shop", "All");
        expectFinding(find({ gateways: [gateway("Selector")] }), "ok", "without an address");
        // A route of the user's own may leave out the namespace, which is then its own.
        expectFinding(find({ rendering: route({ namespace: undefined }) }), "problem", "shop/public");
    });
});
