import { expect } from "chai";
import { renderGiven } from "../../operations/render/rendering";
import { givenOf, problemsOf, type Sent } from "../support/declare";
import { podsOf } from "../support/invariants";
import { hosts } from "../support/openedx";
import { declareOpenCart as declareInstance } from "../support/opencart";
import { addressesOf, canReachAddress } from "../support/policies";

const annotations = { "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/learn" };
const bucket = { topology: "external", region: "eu-central-1", identity: "pod" };
const openedx = (instance: object = {}, secrets: object = {}): Promise<Sent[]> =>
    declareInstance({
        instance: { platform: "openedx", host: hosts.lms, objectStorage: bucket, ...instance },
        values: { secrets: { shop: secrets } },
    });
const keys = /AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)|S(3|OURCE)_(ACCESS|SECRET)_KEY/;

describe("The pod's own identity at object storage", () => {
    it("Open edX: no pod has keys, and those that use the buckets alone have a way to it", async () => {
        const serviceAccount = { name: "learn", annotations };
        const target = { type: "s3", bucket: "copies", region: "eu-central-1", identity: "pod" };
        const objects = await openedx({ serviceAccount, backup: { target } });
        expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).not.to.include("Secret storage-keys");
        const account = objects.find(({ kind }) => kind === "ServiceAccount")!;
        expect(account.metadata).to.deep.include({ name: "learn", annotations });
        for (const { template } of podsOf(objects)) {
            expect(JSON.stringify(template)).not.to.match(keys);
            expect((template.spec as Sent)["serviceAccountName"]).to.equal("learn");
        }
        // Empty texts: Open edX takes them for none, and its libraries look for the pod's.
        const { stringData } = objects.find(({ metadata }) => metadata.name === "openedx-config")!;
        for (const file of ["lms.env.yml", "cms.env.yml"])
            expect(stringData[file]).to.contain('AWS_ACCESS_KEY_ID: ""').and.contain('AWS_SECRET_ACCESS_KEY: ""');
        const able = addressesOf(objects).filter((from) => canReachAddress(objects, from, "169.254.170.23", 80));
        const names = able.map(({ component }) => component);
        expect(names).to.include.members(["lms", "cms", "lms-worker", "storage-buckets", "backup", "restore"]);
        for (const other of ["edge", "database", "documents", "cache", "search", "mfe"])
            expect(names).not.to.include(other);
        for (const from of addressesOf(objects))
            expect(canReachAddress(objects, from, "169.254.169.254", 80), from.component).to.equal(false);
    });

    it("forgotten keys are an error that names the switch, and keys besides it another", async () => {
        const forgotten = await problemsOf(openedx({ objectStorage: { ...bucket, identity: "keys" } }));
        expect(forgotten).to.match(/objectStorage: .*secrets set shop objectStorageAccessKey.*; or identity: pod/);
        const both = await problemsOf(openedx({}, { objectStorageAccessKey: "left over" }));
        expect(both).to.match(
            /objectStorage\.identity: is "pod", but the secret objectStorageAccessKey of shop is set/,
        );
    });

    it("an account of Google's is refused: its storage takes no identity by this protocol", async () => {
        const google = { "iam.gke.io/gcp-service-account": "learn@project.iam.gserviceaccount.com" };
        const refused = await problemsOf(openedx({ serviceAccount: { name: "learn", annotations: google } }));
        expect(refused).to.match(/plinth:instances\.shop\.serviceAccount: "learn" is an account of Google's.*HMAC/);
        const lms = { components: { lms: { serviceAccount: { name: "learn", annotations: google } } } };
        const own = await problemsOf(openedx(lms));
        expect(own).to.match(/^1 problem /);
        expect(own).to.include(
            'plinth:instances.shop.components.lms.serviceAccount: "learn" is an account of Google\'s',
        );
    });

    it("warnings name the key that asks for it, and a server that is not AWS's", () => {
        const warned = (instance: object) => {
            const shop = { platform: "openedx", host: hosts.lms, objectStorage: bucket, ...instance };
            const { outputs } = renderGiven(givenOf({ instances: { shop } }));
            return outputs.warnings.filter((warning) => /identity|AWS/.test(warning)).join("\n");
        };
        const account = { serviceAccount: "learn" };
        const target = (endpoint: string) => ({ type: "s3", bucket: "copies", identity: "pod", endpoint });
        expect(warned({})).to.match(/plinth:instances\.shop\.objectStorage\.identity: "pod", but the pods of .*lms/);
        expect(warned(account)).to.equal("");
        const aws = "https://s3.cn-north-1.amazonaws.com.cn";
        expect(warned({ ...account, backup: { target: target(aws) } })).to.equal("");
        const minio = warned({ ...account, backup: { target: target("http://minio.lan:9000") } });
        expect(minio).to.match(
            /plinth:instances\.shop\.backup\.target\.endpoint: "http:\/\/minio\.lan:9000" is not AWS's.*allowed: none or one of amazonaws\.com,/,
        );
        expect(
            warned({ ...account, objectStorage: { ...bucket, endpoint: "https://amazonaws.com.example.org" } }),
        ).to.match(/objectStorage\.endpoint: "https:\/\/amazonaws\.com\.example\.org" is not AWS's/);
    });
});
