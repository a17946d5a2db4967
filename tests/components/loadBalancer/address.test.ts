import { expect } from "chai";
import { givenAddresses } from "../../../components/loadBalancer/address";
import { find } from "../../support/declare";
import { declareEdges, edgeTypes } from "../../support/edges";

describe("LoadBalancer", () => {
    describe("address", () => {
        it("is the configured one, for DNS", async () => {
            const { addresses } = await declareEdges(
                {
                    one: { edge: { type: "NodePort", publicAddress: "192.0.2.1" } },
                    two: { edge: { type: "ClusterIP", publicAddress: "lb.example.net" } },
                    three: { edge: { type: "shared" } },
                    four: { edge: { type: "LoadBalancer", publicAddress: "2001:db8::1" }, state: "removed" },
                    five: { edge: { type: "LoadBalancer" } },
                },
                { edge: { edge: { type: "LoadBalancer", publicAddress: "192.0.2.3" } } },
            );
            expect(addresses).to.deep.equal({
                one: ["192.0.2.1"],
                two: ["lb.example.net"],
                three: ["192.0.2.3"],
                four: [],
                five: [],
            });
        });
        it("is an IP address of each family or a host name, as assigned by the cloud", () => {
            const given = (...ingress: { ip?: string; hostname?: string }[]) =>
                givenAddresses({ loadBalancer: { ingress } });
            expect(given({}, { ip: "192.0.2.1" }, { ip: "2001:db8::1" })).to.deep.equal(["192.0.2.1", "2001:db8::1"]);
            expect(given({ ip: "192.0.2.1", hostname: "a.example.net" })).to.deep.equal(["192.0.2.1"]);
            // A second CNAME for the same name is not allowed.
            expect(given({ hostname: "a.example.net" }, { hostname: "b.example.net" })).to.deep.equal([
                "a.example.net",
            ]);
            expect(givenAddresses({ loadBalancer: {} })).to.deep.equal([]);
            expect(givenAddresses(undefined)).to.deep.equal([]);
        });
        it("is declared in a preview, too", async () => {
            const { objects } = await declareEdges({ shop: { edge: edgeTypes["LoadBalancer"] } }, {}, true);
            expect(find(objects, "Service", "edge")["spec"].type).to.equal("LoadBalancer");
        });
    });
});
