import { nfsDriver } from "../../components/storageClass";
import type { RenderedObject, Rendering } from "../render/rendering";
import { type Finding, ok, problem, warning } from "./finding";
import type { StorageClass } from "../cluster/live";

export interface StorageFacts {
    readonly rendering: Pick<Rendering, "objects">;
    readonly storageClasses: readonly StorageClass[];
    /** Names of the CSI drivers that are installed. */
    readonly csiDrivers: readonly string[];
}

interface Claim {
    readonly name: string;
    /** Undefined for the cluster's default. */
    readonly storageClass: string | undefined;
    readonly shared: boolean;
}

const claimsOf = (objects: readonly RenderedObject[]): Claim[] =>
    objects
        .filter(({ kind }) => kind === "PersistentVolumeClaim")
        // One that names its volume asks no class for it.
        .filter(({ spec }) => !(spec as { volumeName?: string }).volumeName)
        .map(({ metadata, spec }) => {
            const { storageClassName, accessModes = [] } = spec as {
                storageClassName?: string;
                accessModes?: readonly string[];
            };
            return {
                name: `${metadata.namespace}/${metadata.name}`,
                storageClass: storageClassName,
                shared: accessModes.includes("ReadWriteMany"),
            };
        });

const defaultMark = "storageclass.kubernetes.io/is-default-class";

const isDefault = ({ metadata }: StorageClass): boolean => metadata.annotations?.[defaultMark] === "true";

const namesOf = (classes: readonly StorageClass[]): string =>
    classes.map(({ metadata }) => metadata.name).join(", ") || "none";

/** The cluster's classes and those that the stack itself creates. */
const classesOf = ({ rendering, storageClasses }: Pick<StorageFacts, "rendering" | "storageClasses">) => [
    ...storageClasses,
    ...rendering.objects
        .filter(
            ({ kind, metadata }) =>
                kind === "StorageClass" && !storageClasses.some((one) => one.metadata.name === metadata.name),
        )
        .map((object) => object as unknown as StorageClass),
];

/** The class that a claim gets its volume from; undefined if it does not exist. */
const classOf = ({ storageClass }: Claim, classes: readonly StorageClass[]): StorageClass | undefined =>
    classes.find((one) => (storageClass === undefined ? isDefault(one) : one.metadata.name === storageClass));

/** The classes that claims use, without duplicates. */
const used = (claims: readonly Claim[], classes: readonly StorageClass[]): StorageClass[] => [
    ...new Set(claims.flatMap((claim) => classOf(claim, classes) ?? [])),
];

type ClassFacts = Omit<StorageFacts, "csiDrivers">;

export function storageClass(facts: ClassFacts): Finding {
    const claims = claimsOf(facts.rendering.objects).filter(({ shared }) => !shared);
    if (claims.length === 0) return ok("not needed: no volume for one node is declared");
    const classes = classesOf(facts);
    const lost = claims.find((claim) => !classOf(claim, classes));
    if (lost && lost.storageClass === undefined)
        return problem(
            `${lost.name} needs a default class, but none is marked as default; available: ${namesOf(classes)}`,
            "set plinth:cluster.storageClass, or mark one as default: " +
                `kubectl annotate storageclass NAME ${defaultMark}=true`,
        );
    if (lost)
        return problem(
            `"${lost.storageClass}", which ${lost.name} needs, does not exist; available: ${namesOf(classes)}`,
            "set plinth:cluster.storageClass to one of them",
        );
    return ok(
        used(claims, classes)
            .map((one) => `${one.metadata.name}${isDefault(one) ? " (the default)" : ""}, by ${one.provisioner}`)
            .join("; "),
    );
}

/** The CSI drivers that the stack's own class and volumes need. */
export function csiDrivers({
    rendering,
    csiDrivers: installed,
}: Pick<StorageFacts, "rendering" | "csiDrivers">): Finding {
    const needed = new Set(
        rendering.objects.flatMap(({ kind, provisioner, spec }) => {
            if (kind === "StorageClass") return [provisioner as string];
            const { csi } = (kind === "PersistentVolume" ? spec : {}) as { csi?: { driver: string } };
            return csi ? [csi.driver] : [];
        }),
    );
    if (needed.size === 0) return ok("not needed: no driver is named");
    const missing = [...needed].filter((name) => !installed.includes(name));
    if (missing.length === 0) return ok([...needed].join(", "));
    return problem(
        `not installed: ${missing.join(", ")}; volumes of ${missing.length === 1 ? "it" : "them"} would never be mounted`,
        missing.includes(nfsDriver)
            ? "install it: https://github.com/kubernetes-csi/csi-driver-nfs"
            : "install it as described in its documentation",
    );
}

/** Provisioners whose volumes can be mounted on one node at a time only. */
const oneNodeOnly =
    /^(ebs\.csi\.aws\.com|pd\.csi\.storage\.gke\.io|disk\.csi\.azure\.com|dobs\.csi\.digitalocean\.com|csi\.hetzner\.cloud|cinder\.csi\.openstack\.org|linodebs\.csi\.linode\.com|rancher\.io\/local-path|k8s\.io\/minikube-hostpath|docker\.io\/hostpath|kubernetes\.io\/(aws-ebs|gce-pd|azure-disk|no-provisioner))$/;

/** The class for volumes that pods on several nodes share. */
export function sharedStorageClass(facts: ClassFacts): Finding {
    const claims = claimsOf(facts.rendering.objects).filter(({ shared }) => shared);
    if (claims.length === 0) return ok("not needed: no volume is shared by several nodes");
    const classes = classesOf(facts);
    const remedy =
        "set plinth:cluster.sharedStorageClass to a class with ReadWriteMany volumes (NFS, CephFS, EFS …), or set sharedFiles: oneNode";
    const lost = claims.find((claim) => !classOf(claim, classes));
    if (lost)
        return problem(
            `"${lost.storageClass ?? "default class"}", which ${lost.name} needs, does not exist; available: ${namesOf(classes)}`,
            remedy,
        );
    const unable = used(claims, classes).find(({ provisioner }) => oneNodeOnly.test(provisioner));
    if (unable)
        return problem(
            `volumes of "${unable.metadata.name}" (${unable.provisioner}) can be mounted on one node at a time only`,
            remedy,
        );
    return ok(
        used(claims, classes)
            .map(({ metadata, provisioner }) => `${metadata.name}, by ${provisioner}`)
            .join("; "),
    );
}

export function volumeExpansion(facts: ClassFacts): Finding {
    const claims = claimsOf(facts.rendering.objects);
    if (claims.length === 0) return ok("not needed: no volume is declared");
    const classes = used(claims, classesOf(facts));
    const fixed = classes.filter(({ allowVolumeExpansion }) => !allowVolumeExpansion);
    if (classes.length === 0) throw new Error("the classes of the stack's volumes do not exist");
    if (fixed.length === 0) return ok(`allowed by ${namesOf(classes)}`);
    return warning(
        `${namesOf(fixed)} does not support volume expansion: a larger size in the configuration would be refused`,
        "choose sizes with room to spare, or, if the driver supports it: " +
            `kubectl patch storageclass ${fixed[0]!.metadata.name} --patch '{"allowVolumeExpansion": true}'`,
    );
}
