import { expect } from "chai";
import type { Instance } from "../../components/instance";
import { outgoingMail } from "../../components/mail";
import { upgradeTask } from "../../components/upgrade";
import { WebTier } from "../../components/webTier";
import { images } from "../../config/images";
import { declare, find, problemsOf } from "../support/declare";

const server = { host: "192.0.2.25", port: 2525 };
const pod = { user: 1000, containers: [{ name: "any", image: images.busybox, resources: {}, ports: { http: 8080 } }] };

describe("outgoing mail", () => {
    const tier = (config: Parameters<typeof outgoingMail>[1]) => (instance: Instance<string>) => {
        const { password, networkRules } = outgoingMail(instance, config);
        new WebTier(instance, "web", { pod, networkRules });
        expect(password !== undefined).to.equal(config?.username !== undefined);
    };
    const secrets = { bench: { smtpPassword: "of a test" } };

    it("opens egress to the server alone, and makes no Secret without a login", async () => {
        const { objects } = await declare(tier(server), { values: { secrets } });
        const ways = JSON.stringify(find(objects, "NetworkPolicy", "web")["spec"].egress);
        expect(ways).to.include('"cidr":"192.0.2.25/32"').and.include('"port":2525');
        expect(objects.filter(({ kind }) => kind === "Secret")).to.deep.equal([]);
    });
    it("keeps the password of a login in a Secret", async () => {
        const { objects } = await declare(tier({ ...server, username: "shop" }), { values: { secrets } });
        expect(find(objects, "Secret", "smtp")["stringData"]).to.deep.equal({ password: "of a test" });
    });
    it("is off without settings", async () => {
        const { objects } = await declare(tier(undefined));
        expect(find(objects, "NetworkPolicy", "web")["spec"].egress ?? []).to.deep.equal([]);
    });
    it("is refused without the password of its user, with the command that sets it", async () => {
        const declared = declare(
            (instance) => {
                expect(outgoingMail(instance, { ...server, username: "shop" }).password).to.equal(undefined);
            },
            { values: { secrets: {} }, secrets: ["smtpPassword"] },
        );
        expect(await problemsOf(declared)).to.include(
            "plinth:instances.bench.mail: is missing the password of shop; set it with: ./plinth secrets set bench smtpPassword dev",
        );
    });
});

describe("an upgrade", () => {
    it("is a Task of at most two hours, before everything that uses the data", async () => {
        const { objects, resources } = await declare((instance) => {
            const upgrade = upgradeTask(instance, "upgrade", { pod, startsAfter: [] });
            new WebTier(instance, "web", { pod, startsAfter: [upgrade] });
        });
        expect(find(objects, "Job", "upgrade")["spec"].activeDeadlineSeconds).to.equal(7200);
        const web = resources.find(({ type, name }) => type.endsWith(":Deployment") && name.includes("web"));
        expect(web!.dependencies.join()).to.include("upgrade");
    });
});
