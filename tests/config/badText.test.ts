import { expect } from "chai";
import { itSaysWhatIsWrong, one } from "../support/badInput";

const inCluster = (keys: object) => one({}, { "plinth:cluster": { context: "fixture", ...keys } });
const withCa = (ca: unknown) => one({ tls: { mode: "acme", email: "ops@example.org", ca } });
const authority =
    "is not allowed; allowed: production, staging, or the https address of an authority's directory, such as https://ca.example.org/acme/directory";

describe("strings that are written to files", () => {
    const domains = [
        "a b",
        "cluster.local\n}\nlocation /x { return 200;",
        'a"',
        "a;b",
        "a{b}",
        "-a",
        "a..b",
        "a.",
        "$host",
        "",
    ];
    itSaysWhatIsWrong(
        Object.fromEntries(
            domains.map((domain) => [
                `the cluster's domain ${JSON.stringify(domain)}`,
                {
                    of: () => inCluster({ domain }),
                    says: [`plinth:cluster.domain: ${JSON.stringify(domain)} is not allowed; allowed: a DNS domain`],
                },
            ]),
        ),
    );
    const authorities = [
        "https://ca.example.org/a b",
        "https://ca.example.org/{$HOME}",
        'https://ca.example.org/"',
        "https://ca.example.org/\nimport /etc/passwd",
        "http://ca.example.org/directory",
        "file:///etc/passwd",
        "https://",
        "https://user:password@ca.example.org/",
        "https://ca.example.org:99999/",
        "prodution",
    ];
    itSaysWhatIsWrong(
        Object.fromEntries(
            authorities.map((ca) => [
                `the authority ${JSON.stringify(ca)}`,
                { of: () => withCa(ca), says: [`plinth:instances.shop.tls.ca: ${JSON.stringify(ca)} ${authority}`] },
            ]),
        ),
    );

    it("are accepted if they are valid", async function () {
        this.timeout(60_000);
        for (const domain of ["cluster.local", "k8s.example.org", "local"])
            expect(await inCluster({ domain }), domain).to.deep.equal([]);
        for (const ca of [
            "staging",
            "https://ca.example.org/acme/acme/directory",
            "https://[2001:db8::1]:14000/dir",
            "https://dv.example.com/v2/~%41=b",
        ])
            expect(await withCa(ca), ca).to.deep.equal([]);
    });
});
