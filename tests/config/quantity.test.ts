import { expect } from "chai";
import { isQuantity, mebibytes, parseQuantity } from "../../config/quantity";

describe("quantities", () => {
    it("are read with Kubernetes' suffixes", () => {
        const read = ["250m", "2", "1.5", "256Mi", "1Gi", "1G", "2Ti"].map(parseQuantity);
        expect(read).to.deep.equal([0.25, 2, 1.5, 268_435_456, 1_073_741_824, 1_000_000_000, 2_199_023_255_552]);
        expect(mebibytes("1Gi")).to.equal(1024);
    });
    it("are refused if invalid, with a valid example", () => {
        for (const text of ["", "10 Gi", "10gb", "-1Gi", "Gi", "1Gib"]) expect(isQuantity(text), text).to.equal(false);
        expect(() => parseQuantity("10gb")).to.throw('"10gb" is not a quantity such as 500m, 256Mi or 10Gi');
    });
});
