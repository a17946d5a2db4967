import { z } from "zod";
import { egress } from "./egress";
import { annotations, dnsLabel, labels, labelValue, qualifiedName, subdomain } from "./scalars";

const key = z.string().regex(qualifiedName, "allowed: a key such as pool or example.org/pool");

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
const toleration = z
    .strictObject({
        /** @default every key, with `operator: Exists` */
        key: key.optional(),
        operator: z.enum(["Equal", "Exists"]).default("Equal"),
        value: labelValue.optional(),
        /** @default every effect */
        effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
        /** Only with `effect: NoExecute`. */
        tolerationSeconds: z.int().min(0).optional(),
    })
    .refine(
        ({ key: named, operator, value }) =>
            operator === "Exists" ? value === undefined : named !== undefined && value !== undefined,
        "allowed: a key and its value, or operator: Exists without a value",
    );

const affinityOf = z.record(z.string(), z.unknown());

/** Where pods run, and with what, in the words of their specification: of a stack, an instance or a component. */
export const placementFields = {
    /** Labels that a node must have. Maps of the three levels are merged. */
    nodeSelector: z.record(key, labelValue).default({}),
    /** Taints that do not keep pods away. Those of the three levels add up. */
    tolerations: z.array(toleration).default([]),
    /** As in a pod. @default none, except for pods that share files on one node */
    affinity: z
        .strictObject({
            nodeAffinity: affinityOf.optional(),
            podAffinity: affinityOf.optional(),
            podAntiAffinity: affinityOf.optional(),
        })
        .optional(),
    priorityClassName: subdomain.optional(),
    runtimeClassName: subdomain.optional(),
    /** How components with several pods spread; each counts its own pods. @default over nodes and zones, if possible */
    topologySpread: z
        .array(
            z.strictObject({
                topologyKey: key,
                maxSkew: z.int().min(1).default(1),
                whenUnsatisfiable: z.enum(["ScheduleAnyway", "DoNotSchedule"]).default("ScheduleAnyway"),
            }),
        )
        .optional(),
    /** On pods only, where most tools look for theirs; `annotations` are on all other objects. */
    podAnnotations: annotations.default({}),
    podLabels: labels.default({}),
    /**
     * The account that pods run as: the name of one that exists, or `{name, annotations}` for one that is made, with
     * which clouds give an identity to a workload. No token of the cluster's own API is mounted. @default "default"
     */
    serviceAccount: z
        .union(
            [
                dnsLabel.transform((name) => ({ name, create: false, annotations: {} as Record<string, string> })),
                z
                    .strictObject({ name: dnsLabel, annotations: annotations.default({}) })
                    .transform((account) => ({ ...account, create: true })),
            ],
            "allowed: the name of an account that exists, or a map of name and annotations",
        )
        .optional(),
};

const placement = z.strictObject(placementFields);

/** Settings by component: `frontend`, `database`, `edge` … */
export const components = z.record(z.string(), placement.extend({ egress: z.array(egress).default([]) })).default({});

export type PlacementConfig = z.infer<typeof placement>;

const fieldNames = Object.keys(placementFields) as readonly (keyof PlacementConfig)[];

/** The placement among other keys. */
export const placementOf = (settings: PlacementConfig): PlacementConfig =>
    Object.fromEntries(fieldNames.map((name) => [name, settings[name]])) as PlacementConfig;

/** One placement of several, of which later ones count before the others. */
export const placementIn = (levels: readonly PlacementConfig[]): PlacementConfig =>
    levels.reduce((outer, inner) => ({
        ...outer,
        ...Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined)),
        nodeSelector: { ...outer.nodeSelector, ...inner.nodeSelector },
        tolerations: [...outer.tolerations, ...inner.tolerations],
        podAnnotations: { ...outer.podAnnotations, ...inner.podAnnotations },
        podLabels: { ...outer.podLabels, ...inner.podLabels },
    }));
