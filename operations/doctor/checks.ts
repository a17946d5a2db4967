import { isMissing } from "../engine/engine";
import { count } from "../system/text";
import {
    acceptance,
    knownKinds,
    ownership,
    podSecurity,
    rightsToSeeEdges,
    rightsToLaunch,
    rightsToPreview,
} from "./access";
import { existingSecrets } from "./existingSecrets";
import { type Finding, notChecked, ok, problem } from "./finding";
import type { Facts } from "./gather";
import { goVersion, kubectlVersion, lock, nodeVersion, pulumiCli, secretsProvider, stateBackend } from "./machine";
import { gateways } from "./gateways";
import { ingressClass, loadBalancer, metricsServer, networkPolicies } from "./network";
import { architecture, capacity, clock, nodeDisks, serverVersion, skew } from "./nodes";
import { databaseOperators } from "./operators";
import { openshift } from "./openshift";
import { resolvers } from "./resolvers";
import { csiDrivers, sharedStorageClass, storageClass, volumeExpansion } from "./storage";

/** A finding with the name of its check. */
export interface Result extends Finding {
    readonly check: string;
}

/** In display order: this machine, the state, the cluster, and the account's rights there. */
const checks: Readonly<Record<string, (facts: Facts) => Finding>> = {
    "Pulumi CLI": pulumiCli,
    "Node.js": nodeVersion,
    Go: goVersion,
    kubectl: kubectlVersion,
    configuration,
    "state backend": stateBackend,
    "state lock": lock,
    "secrets provider": secretsProvider,
    cluster: clusterAnswers,
    "server version": serverVersion,
    "version skew": skew,
    clock,
    capacity,
    "disks of nodes": nodeDisks,
    architecture,
    "storage class": storageClass,
    "shared storage class": sharedStorageClass,
    "volume expansion": volumeExpansion,
    "CSI drivers": csiDrivers,
    "load balancer": loadBalancer,
    "ingress class": ingressClass,
    Gateways: gateways,
    "database operators": databaseOperators,
    "metrics-server": metricsServer,
    OpenShift: openshift,
    "Pod Security": podSecurity,
    "network policies": networkPolicies,
    resolvers,
    kinds: knownKinds,
    "rights to preview": rightsToPreview,
    "rights to launch": rightsToLaunch,
    "rights to see edges": rightsToSeeEdges,
    ownership,
    "Secrets of others": existingSecrets,
    "rules of the cluster": acceptance,
};

/** The findings of all checks. A check that cannot run reports why, without affecting the others. */
export const runChecks = (facts: Facts): Result[] =>
    Object.entries(checks).map(([check, find]) => {
        try {
            return { check, ...find(facts) };
        } catch (error) {
            // kubectl repeats the same message for every object that it may not read.
            return { check, ...notChecked((error instanceof Error ? error.message : String(error)).split("\n")[0]!) };
        }
    });

function configuration(facts: Pick<Facts, "mistakes" | "rendering">): Finding {
    if (facts.mistakes !== undefined) return problem(facts.mistakes, "correct it in the stack file");
    const { objects, outputs } = facts.rendering;
    return ok(`${count(Object.keys(outputs.instances).length, "instance")}, ${count(objects.length, "object")}`);
}

function clusterAnswers(facts: Pick<Facts, "context" | "refusal" | "user">): Finding {
    const { context } = facts;
    if (isMissing(context)) return problem(`missing: ${context.what}`, context.remedy);
    const at = `context "${context.name}", ${context.server}`;
    try {
        if (facts.refusal !== undefined)
            return problem(`${at}: ${facts.refusal}`, "renew your credentials for it, or correct the kubeconfig");
        return ok(`${at}, as ${facts.user}`);
    } catch {
        // Without kubectl, all that is known is that the port is open.
        return ok(`${at} answers`);
    }
}
