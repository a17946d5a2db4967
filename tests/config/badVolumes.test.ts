import { itSaysWhatIsWrong, type Mistakes, one, problemsOf, shop, stackOf } from "../support/badInput";

describe("bad input", () => {
    const cases: Mistakes = {
        "NFS without a server": {
            of: () => one({}, { "plinth:cluster": { context: "fixture", nfs: { share: "/srv/nfs" } } }),
            says: ["plinth:cluster.nfs.server: is missing; allowed: a host name or an IP address"],
        },
        "two instances that adopt one volume": {
            of: () => {
                const volumes = { database: { existing: "pvc-1" } };
                return problemsOf(stackOf({ a: shop({ volumes }), b: shop({ volumes, host: "b.example.org" }) }));
            },
            says: [
                "plinth:instances.b.volumes.database.existing: the volume pvc-1 is already used by plinth:instances.a.volumes.database.existing",
            ],
        },
        "two volumes in one directory": {
            of: () =>
                one({
                    volumes: {
                        database: { nfs: { server: "nas.example.org", path: "/srv/shop/" } },
                        files: { nfs: { server: "nas.example.org", path: "/srv//shop" } },
                    },
                }),
            says: ["nas.example.org:/srv/shop is already used by plinth:instances.shop.volumes."],
        },
        "two volumes with one handle": {
            of: () => {
                const csi = { driver: "nfs.csi.k8s.io", handle: "a#b#c" };
                return one({ volumes: { database: { csi }, files: { csi } } });
            },
            says: ["the handle a#b#c of nfs.csi.k8s.io is already used by plinth:instances.shop.volumes."],
        },
        "two volumes with one claim": {
            of: () => one({ volumes: { database: { claim: "data" }, files: { claim: "data" } } }),
            says: ["the claim opencart-shop/data is already used by plinth:instances.shop.volumes."],
        },
        "a volume with two origins": {
            of: () =>
                one({ volumes: { database: { existing: "pvc-1", local: { node: "node-1", path: "/srv/data" } } } }),
            says: [
                'plinth:instances.shop.volumes.database: {"existing":"pvc-1","local":{"node":"node-1","path":"/srv/data"}} is not allowed; allowed: one of existing, local, nfs, csi',
            ],
        },
        "directories that lead elsewhere": {
            of: () =>
                one({ volumes: { files: { local: { node: "node-1", path: "srv" } }, database: { path: "../other" } } }),
            says: [
                'plinth:instances.shop.volumes.files.local.path: "srv" is not allowed; allowed: an absolute path',
                'plinth:instances.shop.volumes.database.path: "../other" is not allowed; allowed: a directory below',
            ],
        },
        "a path on a volume without a database": {
            of: () => one({ volumes: { files: { path: "old" } } }),
            says: ['plinth:instances.shop.volumes.files.path: "old" has no effect here'],
        },
        "shared files without a shared class": {
            of: () => problemsOf(stackOf({ shop: { platform: "opencart", host: "shop.example.org" } })),
            says: ["plinth:instances.shop.sharedFiles:", "sharedStorageClass", "sharedFiles: oneNode"],
        },
    };
    itSaysWhatIsWrong(cases);
});
