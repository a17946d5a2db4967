import { expect } from "chai";
import { kubectlFailure, linesExcept } from "../../../operations/cluster/kubectlError";

describe("errors of kubectl", () => {
    it("have a kind by the server's reason", () => {
        const kinds = {
            'Error from server (NotFound): secrets "tls" not found': "notFound",
            'error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "PodMonitor" in version "monitoring.coreos.com/v1"':
                "unknownKind",
            'error: the server doesn\'t have a resource type "podmonitors"': "unknownKind",
            'Error from server (AlreadyExists): configmaps "restore-progress" already exists': "alreadyExists",
            'Error from server (Forbidden): pods is forbidden: User "ci" cannot list resource "pods" in API group "" at the cluster scope':
                "forbidden",
            'Error from server (Forbidden): pods "x" is forbidden: violates PodSecurity "restricted:latest"': "denied",
            'Error from server (Forbidden): pods "x" is forbidden: exceeded quota: pods': "denied",
            "The connection to the server 127.0.0.1:6443 was refused": "other",
        };
        for (const [said, kind] of Object.entries(kinds)) expect(kubectlFailure(said), said).to.equal(kind);
    });
    it("are read line by line for requests of several objects", () => {
        const said = [
            "Warning: v1 Endpoints is deprecated",
            'Error from server (NotFound): namespaces "shop" not found',
            'unable to recognize "STDIN": no matches for kind "PodMonitor" in version "monitoring.coreos.com/v1"',
            "ensure CRDs are installed first",
            'Error from server (Forbidden): secrets "x" is forbidden: User "ci" cannot get resource "secrets"',
            "",
        ];
        expect(linesExcept(said.join("\n"), "notFound", "unknownKind")).to.deep.equal([said[4]]);
    });
});
