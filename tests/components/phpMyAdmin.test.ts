import { expect } from "chai";
import { Database } from "../../components/database";
import { publish } from "../../components/loadBalancer";
import { PhpMyAdmin } from "../../components/phpMyAdmin";
import { merge } from "../../config/merge";
import { phpMyAdmin } from "../../config/phpMyAdmin";
import { type DeclareArgs, declare, find } from "../support/declare";
import { brokenRules } from "../support/invariants";
import { addressesOf, canReach } from "../support/policies";

const everyone = { access: "public", host: "db.example.org", allow: ["192.0.2.0/24"] };

const rendered = async (config: object, args: DeclareArgs = {}) => {
    let site: PhpMyAdmin["site"];
    const { objects, resources } = await declare((instance) => {
        const database = new Database(instance, "database", {
            config: { topology: "single", engine: "mariadb" },
            database: "shop",
            user: "shop",
            resources: { cpu: "100m", memory: "512Mi" },
            size: "1Gi",
        });
        const made = new PhpMyAdmin(instance, "phpmyadmin", {
            config: phpMyAdmin.parse(config),
            database: database.service,
        });
        ({ site } = made);
        publish(instance, site ? [site] : []);
    }, args);
    return { objects, resources, site };
};

describe("PhpMyAdmin", () => {
    it("reaches the database and nothing else, and has no account", async () => {
        const { objects, resources } = await rendered({ access: "private" });
        expect(brokenRules(objects)).to.deep.equal([]);
        const pods = addressesOf(objects);
        const own = pods.find(({ component }) => component === "phpmyadmin")!;
        expect(pods.filter((to) => canReach(objects, own, to, 3306)).map(({ component }) => component)).to.deep.equal([
            "database",
        ]);
        const [{ env }] = find(objects, "Deployment", "phpmyadmin")["spec"].template.spec.containers;
        expect(env).to.deep.equal([
            { name: "DB_HOST", value: "database.bench.svc.cluster.local" },
            { name: "DB_PORT", value: "3306" },
            { name: "COOKIE_KEY", valueFrom: { secretKeyRef: { name: "phpmyadmin", key: "key" } } },
        ]);
        // The key length of libsodium: with any other, phpMyAdmin refuses to encrypt cookies.
        expect(resources.find(({ name }) => name === "bench-phpmyadmin-cookie-key")!.inputs["length"]).to.equal(32);
    });

    it("is published only on request, and only to the given ranges", async () => {
        expect((await rendered({ access: "private" })).site).to.equal(undefined);
        const { site, objects } = await rendered({ ...everyone, uploadLimit: "200Mi" });
        expect(site!.host).to.equal("db.example.org");
        const file = find(objects, "ConfigMap", "edge")["data"].Caddyfile as string;
        expect(file).to.match(/not client_ip 192\.0\.2\.0\/24/);
        // The file and the rest of its form.
        expect(file).to.contain(`max_size ${201 * 2 ** 20}`);
        expect(phpMyAdmin.safeParse({ ...everyone, allow: [] }).error?.issues[0]?.message).to.contain("is empty");
        expect(phpMyAdmin.safeParse({ access: "public", host: "db.example.org" }).success).to.equal(false);
    });

    it("can be made private again by a higher layer", () => {
        expect(phpMyAdmin.safeParse(merge(everyone, { access: "private" })).success).to.equal(true);
    });

    it("has one pod, because sessions are files in it", async () => {
        const refused = await rendered({ access: "private" }, { instance: { replicas: { phpmyadmin: 2 } } }).catch(
            String,
        );
        expect(refused).to.contain("plinth:instances.bench.replicas.phpmyadmin: 2 is not allowed");
    });
});
