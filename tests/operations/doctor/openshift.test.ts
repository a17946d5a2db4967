import { openshift } from "../../../operations/doctor/openshift";
import { expectFinding } from "../../support/doctor";

describe("doctor: OpenShift", () => {
    const constraints = {
        name: "securitycontextconstraints",
        apiVersion: "security.openshift.io/v1",
        kind: "SecurityContextConstraints",
    };
    const found = (apiResources: Parameters<typeof openshift>[0]["apiResources"], is: boolean) =>
        openshift({ apiResources, cluster: { openshift: is } });

    it("is told by its kinds, and needs one key", () => {
        expectFinding(found([constraints], false), "problem", "set plinth:cluster.openshift: true");
        expectFinding(found([constraints], true), "ok");
        expectFinding(found([], false), "ok");
        expectFinding(found([], true), "warning", "remove plinth:cluster.openshift");
    });
});
