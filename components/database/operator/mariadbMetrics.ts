import { databasePorts } from "../../../config/database";
import { images } from "../../../config/images";
import { type Node, Service } from "../../graph";
import type { Instance } from "../../instance";
import { plinthLabels } from "../../labels";
import { placementFor, placementSpec } from "../../placement";
import { hardened, podSecurityContext } from "../../pod";
import { requestsAndLimits } from "../../resources";
import { exporter, metricsPorts } from "../metrics";
import { affinityFor, defined } from "./common";

/** What the fields of a MariaDB say of metrics. */
interface MemberMetrics {
    readonly spec: object;
    /** By which Prometheus finds the operator's ServiceMonitor. */
    readonly labels: Readonly<Record<string, string>>;
}

/**
 * Metrics of the members: the operator makes one exporter for all, and a ServiceMonitor that names each member to it.
 * So the members' own pods have none, and without the Prometheus operator there are none at all.
 *
 * @param object logical name of the MariaDB
 */
export function memberMetrics(instance: Instance, { name, id }: Node, object: string): MemberMetrics {
    const { monitoringNamespace, podMonitors, cpuLimits } = instance.stack.config.cluster;
    if (monitoringNamespace === undefined || podMonitors === false) {
        if (monitoringNamespace !== undefined)
            instance.warn(
                `the servers of ${name} have no metrics: mariadb-operator's exporter needs the Prometheus operator, and plinth:cluster.podMonitors`,
            );
        return { spec: {}, labels: {} };
    }
    const port = metricsPorts.mariadb;
    const own = `${name}-metrics`;
    const members = new Service(id, instance.host(`${object}-internal`), { mysql: databasePorts.mariadb }, {});
    instance.addNode(own, {
        kind: "exporter",
        selector: {
            "app.kubernetes.io/name": "exporter",
            "app.kubernetes.io/instance": instance.objectName(`${object}-metrics`),
        },
        uses: [members.bind()],
        // No PodMonitor: what it serves by itself are not the members' metrics.
        networkRules: [{ name: "probes", direction: "ingress", ports: [port], namespace: monitoringNamespace }],
    });
    const { reference, pullPolicy } = instance.image(images.mysqldExporter);
    const { nodeSelector, tolerations, affinity, priorityClassName } = placementSpec(placementFor(instance, own), {});
    return {
        labels: podMonitors === true ? {} : podMonitors.labels,
        spec: {
            metrics: {
                enabled: true,
                exporter: {
                    image: reference,
                    imagePullPolicy: pullPolicy,
                    port,
                    resources: requestsAndLimits(instance.resources(own, exporter.resources), cpuLimits),
                    podMetadata: { labels: { [plinthLabels.component]: `${instance.name}.${own}` } },
                    podSecurityContext: podSecurityContext({ user: exporter.user }),
                    securityContext: hardened(),
                    ...defined({
                        nodeSelector,
                        tolerations,
                        priorityClassName,
                        affinity: affinityFor(instance, own, affinity),
                    }),
                },
            },
        },
    };
}
