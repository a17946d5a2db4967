import { expect } from "chai";
import { MailRelay, type MailRelayArgs } from "../../components/mailRelay";
import { mailRelay } from "../../config/mailRelay";
import { containerOf, type DeclareArgs, declare, find, podOf, type Sent } from "../support/declare";

const build = (config?: object, args: DeclareArgs = {}, seen: (made: MailRelay) => void = () => {}) =>
    declare((instance) => {
        const given: MailRelayArgs = {
            helo: "campus.example.org",
            ...(config ? { config: mailRelay.parse(config) } : {}),
        };
        seen(new MailRelay(instance, "smtp", given));
    }, args);

const env = (objects: readonly Sent[]): Record<string, string> =>
    Object.fromEntries(
        containerOf(objects, "Deployment", "smtp", "exim").env.map(
            ({ name, value }: { name: string; value: string }) => [name, value],
        ),
    );

describe("MailRelay", () => {
    it("delivers by itself, under the platform's name, on port 25 and no other", async () => {
        let made: MailRelay | undefined;
        const { objects } = await build(undefined, {}, (created) => {
            made = created;
        });
        expect(env(objects)).to.include({ HOSTNAME: "campus.example.org" }).and.not.to.have.property("SMARTHOST");
        const { egress, ingress } = find(objects, "NetworkPolicy", "smtp")["spec"];
        expect(egress.flatMap(({ ports }: { ports: object[] }) => ports)).to.deep.equal([
            { protocol: "TCP", port: 25 },
        ]);
        expect(ingress).to.equal(undefined);
        expect(made!.service.bind({ H: "host", P: "port" }).env).to.deep.equal({
            H: "smtp.bench.svc.cluster.local",
            P: "8025",
        });
    });

    it("hands everything to a smarthost, to which alone the way is open", async () => {
        const { objects } = await build({ smarthost: { host: "192.0.2.25", port: 587 } });
        expect(env(objects)["SMARTHOST"]).to.equal("192.0.2.25::587");
        expect(find(objects, "NetworkPolicy", "smtp")["spec"].egress).to.deep.equal([
            { to: [{ ipBlock: { cidr: "192.0.2.25/32" } }], ports: [{ protocol: "TCP", port: 587 }] },
        ]);
    });

    it("takes mail of pods in whatever networks the cluster has", async () => {
        const ranges = ["198.18.0.0/15", "2001:db8::/48"];
        const { objects } = await build(undefined, { values: { cluster: { context: "kind-dev", ranges } } });
        const [separator, ...networks] = env(objects)["RELAY_FROM_HOSTS"]!.split(/ ;? ?/);
        expect(separator).to.equal("<;");
        expect(networks).to.include.members(["10.0.0.0/8", "fc00::/7", ...ranges]);
    });

    it("writes nothing but its queue and its logs, as the image's user", async () => {
        const { objects } = await build();
        const { securityContext, containers, initContainers } = podOf(objects, "Deployment", "smtp");
        expect(securityContext).to.include({ runAsUser: 100, runAsGroup: 101 });
        const paths = (one: { volumeMounts: { mountPath: string }[] }) =>
            one.volumeMounts.map(({ mountPath }) => mountPath);
        expect(paths(containers[0])).to.deep.equal(["/var/log/exim", "/var/spool/exim"]);
        expect(paths(initContainers[0])).to.deep.equal(["/var/log/exim"]);
    });
});
