import { expect } from "chai";
import { declareEdges, type Plain, tlsModes } from "../../support/edges";

describe("LoadBalancer", () => {
    it("tells platforms whether browsers use HTTPS", async () => {
        const encrypted = async (keys: Plain) =>
            (await declareEdges({ shop: keys }, { edge: { tls: tlsModes["internal"] } })).encrypted;
        expect(await encrypted({})).to.deep.equal({ shop: false });
        expect(await encrypted({ tls: { mode: "off", inFront: true } })).to.deep.equal({ shop: true });
        expect(await encrypted({ tls: tlsModes["custom"] })).to.deep.equal({ shop: true });
        expect(await encrypted({ edge: { type: "shared" } })).to.deep.equal({ shop: true });
    });
});
