import { expect } from "chai";
import { dnsRecords, zoneLines } from "../../components/dns";

describe("DNS records", () => {
    it("are A, AAAA or CNAME, depending on the address", () => {
        const type = (address: string) => dnsRecords(["shop.example.org"], [address])[0]!.type;
        expect([type("192.0.2.1"), type("2001:db8::1"), type("lb-1.cloud.example")]).to.deep.equal([
            "A",
            "AAAA",
            "CNAME",
        ]);
    });
    it("cover both families if the balancer has both, and are empty without an address", () => {
        expect(zoneLines(dnsRecords(["shop.example.org"], ["192.0.2.1", "2001:db8::1"]))).to.equal(
            "shop.example.org. 300 IN A 192.0.2.1\nshop.example.org. 300 IN AAAA 2001:db8::1\n",
        );
        expect(dnsRecords(["shop.example.org"], [])).to.deep.equal([]);
    });
    it("report where CNAME is not allowed", () => {
        const zone = (hosts: string[], address: string) => zoneLines(dnsRecords(hosts, [address]));
        expect(zone(["shop.org", "www.shop.org"], "lb.cloud.example")).to.equal(
            "; shop.org is probably its zone's apex, where CNAME is not allowed: use your provider's ALIAS or ANAME\n" +
                "shop.org. 300 IN CNAME lb.cloud.example.\nwww.shop.org. 300 IN CNAME lb.cloud.example.\n",
        );
        expect(zone(["shop.org"], "192.0.2.1")).not.to.include(";");
    });
    it("use a wildcard only if it saves records", () => {
        const names = (hosts: string[]) => dnsRecords(hosts, ["192.0.2.1"]).map(({ name }) => name);
        expect(names(["learn.org", "apps.learn.org", "studio.learn.org"])).to.deep.equal(["learn.org", "*.learn.org"]);
        expect(names(["shop.org", "admin.shop.org"])).to.deep.equal(["shop.org", "admin.shop.org"]);
        // Siblings without their parent: a wildcard would also match foreign hosts.
        expect(names(["a.example.org", "b.example.org"])).to.deep.equal(["a.example.org", "b.example.org"]);
    });
    it("are zone-file lines with absolute names", () => {
        const records = dnsRecords(["shop.example.org"], ["lb.cloud.example"]);
        expect(zoneLines(records)).to.equal("shop.example.org. 300 IN CNAME lb.cloud.example.\n");
    });
});
