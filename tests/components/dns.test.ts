import { expect } from "chai";
import { dnsRecords, zoneLines } from "../../components/dns";

describe("DNS records", () => {
    it("are A, AAAA or CNAME, as the address asks for", () => {
        const type = (address: string) => dnsRecords(["shop.example.org"], address)[0]!.type;
        expect([type("192.0.2.1"), type("2001:db8::1"), type("lb-1.cloud.example")]).to.deep.equal([
            "A",
            "AAAA",
            "CNAME",
        ]);
    });
    it("put one wildcard where it saves records, and only there", () => {
        const names = (hosts: string[]) => dnsRecords(hosts, "192.0.2.1").map(({ name }) => name);
        expect(names(["learn.org", "apps.learn.org", "studio.learn.org"])).to.deep.equal(["learn.org", "*.learn.org"]);
        expect(names(["shop.org", "admin.shop.org"])).to.deep.equal(["shop.org", "admin.shop.org"]);
        // Siblings without their parent: a wildcard would catch hosts that are not ours.
        expect(names(["a.example.org", "b.example.org"])).to.deep.equal(["a.example.org", "b.example.org"]);
    });
    it("are zone-file lines with absolute names", () => {
        const records = dnsRecords(["shop.example.org"], "lb.cloud.example");
        expect(zoneLines(records)).to.equal("shop.example.org. 300 IN CNAME lb.cloud.example.\n");
    });
});
