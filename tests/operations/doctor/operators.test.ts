import { databaseOperators } from "../../../operations/doctor/operators";
import { expectFinding, object, rendering } from "../../support/doctor";

describe("doctor: operators of databases", () => {
    const api = "postgresql.cnpg.io/v1";
    const used = rendering(object("Cluster", "database", {}, api), object("Pooler", "database-pooler", {}, api));
    const known = (...kinds: string[]) =>
        kinds.map((kind) => ({ name: `${kind.toLowerCase()}s`, apiVersion: api, kind }));

    it("are needed only by databases with that topology", () => {
        expectFinding(databaseOperators({ rendering: rendering(), apiResources: [] }), "ok", "not needed");
        const finding = databaseOperators({ rendering: used, apiResources: known("Cluster", "Pooler") });
        expectFinding(finding, "ok", "CloudNativePG", "Cluster, Pooler");
    });
    it("are all named, each with its kinds", () => {
        const both = rendering(...used.objects, object("MariaDB", "database", {}, "k8s.mariadb.com/v1alpha1"));
        const finding = databaseOperators({ rendering: both, apiResources: known("Cluster", "Pooler") });
        expectFinding(finding, "problem", "does not know MariaDB", "mariadb-operator-crds --repo https://", "25.10.4");
    });
    it("are named with the command that installs them", () => {
        const old = databaseOperators({ rendering: used, apiResources: known("Cluster") });
        expectFinding(old, "problem", "does not know Pooler of postgresql.cnpg.io/v1", "kubectl apply", "cnpg-1.30.0");
        // The same kind of another API is not theirs.
        const other = [{ name: "clusters", apiVersion: "cluster.x-k8s.io/v1beta1", kind: "Cluster" }];
        expectFinding(databaseOperators({ rendering: used, apiResources: other }), "problem", "Cluster, Pooler");
    });
});
