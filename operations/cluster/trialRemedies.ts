import type { PodSpec } from "kubernetes-types/core/v1";
import { podOf } from "../../components/references";
import type { RenderedObject } from "../render/rendering";
import { componentOf, fullName } from "./components";

/** Where the keys of an object's component are, and what they are called. */
interface Place {
    /** `plinth:instances.shop` */
    readonly root: string;
    readonly component: string;
    /** Name of the object. */
    readonly name: string;
    /** Whether all containers of its pods request CPU, of which their limits are a multiple. */
    readonly requestsCpu: boolean;
}

type Remedy = (place: Place, found: RegExpExecArray) => string;

/**
 * What to set, by the words of the API server's admission plugins:
 * https://github.com/kubernetes/kubernetes/tree/master/plugin/pkg/admission (resourcequota, limitranger, priority,
 * runtimeclass), of Pod Security and of OpenShift. The first that matches.
 */
const remedies: readonly (readonly [RegExp, Remedy])[] = [
    [/failed (calling|to call) webhook/, () => "have the webhook repaired"],
    [
        /must specify .*limits\.cpu/,
        ({ root, component, requestsCpu }) =>
            requestsCpu
                ? "set plinth:cluster.cpuLimits: true"
                : `set ${root}.resources.${component}.cpu and plinth:cluster.cpuLimits: true`,
    ],
    [
        /must specify ((?:requests|limits)\.)?(cpu|memory|ephemeral-storage)/,
        ({ root, component }, [, , resource]) => `set ${root}.resources.${component}.${fieldOf(resource!)}`,
    ],
    [
        /exceeded quota: .*(services\.(loadbalancers|nodeports))/,
        ({ root }) =>
            `set ${root}.edge.type to one that the quota allows (ClusterIP, Ingress), or have the quota raised`,
    ],
    [
        /exceeded quota: .*(requests\.storage|persistentvolumeclaims)/,
        ({ root, name }) => `set a smaller ${root}.volumes.${name}.size, or have the quota raised`,
    ],
    [/exceeded quota/, ({ root }) => `set a smaller ${root}.size, .replicas or .resources, or have the quota raised`],
    [
        /(minimum|maximum) storage usage per PersistentVolumeClaim/,
        ({ root, name }) => `set ${root}.volumes.${name}.size`,
    ],
    // A default limit that is less than the request.
    [/must be less than or equal to cpu limit|limit to request ratio|cpu.* no limit is specified/, cpuLimit],
    [
        /(minimum|maximum) (\S+) usage per (Container|Pod)/,
        ({ root, component }, [, bound, resource]) =>
            bound === "maximum" && resource === "cpu"
                ? `set ${root}.resources.${component}.cpu and .cpuLimit, for its other containers "${component}.CONTAINER"`
                : `set ${root}.resources.${component}.${fieldOf(resource!)}, for its other containers "${component}.CONTAINER"`,
    ],
    [
        /must be less than or equal to (\S+) limit/,
        ({ root, component }, [, resource]) => `set ${root}.resources.${component}.${fieldOf(resource!)}`,
    ],
    [
        /violates PodSecurity/,
        ({ root }) =>
            `have the namespace's label pod-security.kubernetes.io/enforce set to a level that allows it, or choose another ${root}.namespace`,
    ],
    [/security context constraint/, () => "set plinth:cluster.openshift: true"],
    [/no PriorityClass/, ({ root }) => `set ${root}.priorityClassName to one that exists`],
    [/RuntimeClass "[^"]*" not found/, ({ root }) => `set ${root}.runtimeClassName to one that exists`],
    [
        /service ?account .*not found/i,
        ({ root }) => `set ${root}.serviceAccount.name to one that exists, or serviceAccount.create`,
    ],
    [
        /can not be less than|cannot be less than/,
        ({ root, name }) => `set ${root}.volumes.${name}.size to the size that the claim has, or more`,
    ],
    [
        /admission webhook|ValidatingAdmissionPolicy/,
        ({ root }) => `set what the rule asks for with ${root}.labels, .podLabels, .podAnnotations or .patches`,
    ],
];

function cpuLimit({ root, component }: Place): string {
    return `set plinth:cluster.cpuLimits (true, or how many times the request), or ${root}.resources.${component}.cpuLimit`;
}

const fieldOf = (resource: string): string => (resource === "ephemeral-storage" ? "ephemeralStorage" : resource);

/**
 * The key to set for an object that the server refuses.
 *
 * @param why in the server's words
 * @param instances names of the stack's instances: any other is the shared load balancer
 */
export function remedyFor(why: string, object: RenderedObject, instances: readonly string[]): string {
    const { instance, name: component } = componentOf(object as Parameters<typeof componentOf>[0]);
    const root = instances.includes(instance) ? `plinth:instances.${instance}` : "plinth:edge";
    const { containers = [], initContainers = [] } = (podOf(object) ?? {}) as Partial<PodSpec>;
    const requestsCpu = [...initContainers, ...containers].every(({ resources }) => resources?.requests?.["cpu"]);
    const place = { root, component, name: object.metadata.name, requestsCpu };
    for (const [pattern, remedy] of remedies) {
        const found = pattern.exec(why);
        if (found) return remedy(place, found);
    }
    return `change it with ${root}.patches, or ask the cluster's administrator which rule applies to ${fullName({ instance, name: component, namespace: "" })}`;
}
