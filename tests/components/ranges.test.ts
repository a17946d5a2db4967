import { isIPv6 } from "node:net";
import { expect } from "chai";
import fc from "fast-check";
import { contains, ipBlock, metadataRanges } from "../../components/ranges";
import { holds, isWithin } from "../support/policies";

const metadata = (range: string) => ipBlock(range, metadataRanges);

describe("the address ranges of a policy", () => {
    it("exclude closed ranges within them, of their own family", () => {
        expect(ipBlock("0.0.0.0/0", ["10.0.0.0/8", "fd00::/8", "192.0.2.7/32"])).to.deep.equal({
            cidr: "0.0.0.0/0",
            except: ["10.0.0.0/8", "192.0.2.7/32"],
        });
        expect(ipBlock("::/0", ["10.0.0.0/8", "fd00::/8"])).to.deep.equal({ cidr: "::/0", except: ["fd00::/8"] });
        expect(ipBlock("192.0.2.0/24", ["10.0.0.0/8"])).to.deep.equal({ cidr: "192.0.2.0/24" });
    });
    it("are open if they are entirely within a closed range: a narrower range is deliberate", () => {
        for (const range of ["10.1.2.3/32", "10.0.0.0/8"])
            expect(ipBlock(range, ["10.0.0.0/8"])).to.deep.equal({ cidr: range });
        // Of several closed ranges, the narrower ones stay closed.
        expect(ipBlock("10.0.0.0/8", ["10.0.0.0/8", "10.96.0.0/12"])).to.deep.equal({
            cidr: "10.0.0.0/8",
            except: ["10.96.0.0/12"],
        });
    });
    it("list each exception once, without those within another", () => {
        expect(ipBlock("0.0.0.0/0", ["10.96.0.0/12", "10.0.0.0/8", "10.1.2.3/8"]).except).to.deep.equal(["10.0.0.0/8"]);
    });
    it("are written as the API server writes them", () => {
        expect(ipBlock("10.1.2.3/8").cidr).to.equal("10.0.0.0/8");
        expect(ipBlock("FD00:0:0:1::7/48").cidr).to.equal("fd00::/48");
    });
    it("do not open the metadata services of any cloud, even if everything is given in parts", () => {
        const known = [
            ...["169.254.169.254", "169.254.170.2", "169.254.42.42", "100.100.100.200", "168.63.129.16", "192.0.0.192"],
            ...["fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:a9fe:a9fe::1"],
            ...["fd00:42::42", "fd00:100::100:200", "fe80::a9fe:a9fe", "64:ff9b::a9fe:a9fe"],
        ];
        for (const range of ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "100.64.0.0/10", "160.0.0.0/3"])
            for (const address of known)
                expect(holds(metadata(range), address), `${address} in ${range}`).to.equal(false);
        for (const range of ["::/0", "::/1", "8000::/1", "fc00::/7", "fd00::/8", "64:ff9b::/96"])
            for (const address of known)
                expect(holds(metadata(range), address), `${address} in ${range}`).to.equal(false);
        // Their neighbours have no special meaning.
        for (const address of ["100.100.100.201", "168.63.129.17", "169.253.255.255", "8.8.8.8"])
            expect(holds(metadata("0.0.0.0/0"), address), address).to.equal(true);
        expect(holds(metadata("::/0"), "2001:db8::1")).to.equal(true);
    });

    const v4 = fc
        .tuple(fc.constantFrom(10, 100, 169, 172), fc.nat(3), fc.nat(3), fc.nat(3))
        .map((parts) => parts.join("."));
    const v6 = fc
        .tuple(fc.constantFrom("fd00", "fe80", "2001"), fc.nat(3), fc.nat(3))
        .map(([a, b, c]) => `${a}:${b}::${c}`);
    const ranges = (address: fc.Arbitrary<string>, most: number) =>
        fc.tuple(address, fc.integer({ min: 1, max: most })).map(([network, bits]) => `${network}/${bits}`);
    const range = fc.oneof(ranges(v4, 32), ranges(v6, 128), fc.constantFrom("0.0.0.0/0", "::/0"));

    it("open an address exactly when nothing narrower than the range closes it", () => {
        fc.assert(
            fc.property(range, fc.array(range, { maxLength: 6 }), fc.oneof(v4, v6), (open, closed, address) => {
                const length = (text: string) => Number(text.split("/")[1]);
                const narrower = closed.filter((one) => isWithin(address, one) && length(one) > length(open));
                expect(holds(ipBlock(open, closed), address)).to.equal(
                    isWithin(address, open) && narrower.length === 0,
                );
            }),
            { numRuns: 3000, seed: 1 },
        );
    });
    it("have exceptions that Kubernetes accepts: of the same family, strictly within, none within another", () => {
        fc.assert(
            fc.property(range, fc.array(range, { maxLength: 6 }), (open, closed) => {
                const { cidr, except = [] } = ipBlock(open, closed);
                for (const one of except) {
                    const [network, bits] = one.split("/") as [string, string];
                    expect(isIPv6(network)).to.equal(isIPv6(cidr.split("/")[0]!));
                    expect(isWithin(network, cidr)).to.equal(true);
                    expect(Number(bits)).to.be.greaterThan(Number(cidr.split("/")[1]));
                    expect(except.filter((other) => contains(other, one))).to.deep.equal([one]);
                }
            }),
            { numRuns: 1000, seed: 1 },
        );
    });
});
