import { expect } from "chai";
import type { ServicePort } from "kubernetes-types/core/v1";
import type { Service } from "../../../operations/cluster/live";
import { choosePort, webAddresses } from "../../../cli/commands/open";
import { labelled } from "../../support/observed";

describe("the port to open", () => {
    const service = (...ports: ServicePort[]): Service => ({
        kind: "Service",
        metadata: labelled("shop", "edge"),
        spec: { ports },
    });
    const edge = service(
        { name: "http", port: 80, protocol: "TCP" },
        { name: "http3", port: 443, protocol: "UDP" },
        { name: "https", port: 443, protocol: "TCP" },
    );
    it("is the encrypted one, or the first", () => {
        expect(choosePort(edge).name).to.equal("https");
        expect(choosePort(service({ name: "mysql", port: 3306 }, { name: "admin", port: 1 })).name).to.equal("mysql");
    });
    it("is the requested one, by name or number, unless it is UDP", () => {
        expect(choosePort(edge, "80").name).to.equal("http");
        expect(choosePort(edge, "http").port).to.equal(80);
        expect(() => choosePort(edge, "http3")).to.throw('no port "http3"');
        expect(() => choosePort(edge, "htps")).to.throw('did you mean "https"?; available: http, https');
    });
    it("is printed with the host of the site", () => {
        const urls = { shop: "http://shop.localhost:30080/", admin: "http://shop.localhost:30080/admin/" };
        const instances = { shop: { urls }, other: { urls: { shop: "https://other.example.org/" } } };
        const addresses = (instance: string) =>
            webAddresses({ instances } as unknown as Parameters<typeof webAddresses>[0], instance, "https", 8443);
        expect(addresses("shop")).to.deep.equal([
            "  shop      https://shop.localhost:8443/",
            "  admin     https://shop.localhost:8443/admin/",
        ]);
        // The shared balancer is in front of all instances.
        expect(addresses("edge")).to.have.length(3);
        expect(addresses("other")).to.deep.equal([
            "  shop      curl --resolve other.example.org:8443:127.0.0.1 --header 'Host: other.example.org' https://other.example.org:8443/",
        ]);
    });
});
