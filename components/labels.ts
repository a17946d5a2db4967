import type { AnyInstance, StackConfig } from "../config/stack";

/** Names of Plinth's own labels and annotations, in addition to Kubernetes' recommended ones. */
export const plinthLabels = {
    /** `<project>.<stack>`: the owner of the object, so that nothing is adopted unintentionally. */
    stack: "plinth.dev/stack",
    /** On a data server's pods or its operator's object: the checked series, without which there are no pods. */
    engine: "plinth.dev/engine",
    /** Digest of the Secrets that a pod uses, so that a changed password replaces the pod. */
    secrets: "plinth.dev/secrets",
    /** The configuration's `restartedAt`: a changed value replaces the pods. */
    restartedAt: "plinth.dev/restarted-at",
    /** On pods that share files on one node: the claim's name. */
    sharedFiles: "plinth.dev/shared-files",
    /** On a volume of an instance that is forgotten or purged: the name of that instance. */
    instance: "plinth.dev/instance",
    /** On a volume that is to be deleted with its claim, so that an interrupted purge finds it again. */
    purge: "plinth.dev/purge",
    /** On pods whose other names are an operator's: their component, as `shop.database-pooler`. */
    component: "plinth.dev/component",
    /** On the pods of every member of a database: the name of the database. */
    database: "plinth.dev/database",
    /** With an ordinal as suffix: on the pods that answer reads while that member is the source. */
    readsBeside: "plinth.dev/reads-beside-",
    /**
     * On the restore task: names of the components that are stopped during a restore, separated by spaces; after a
     * semicolon those that the others use, which are stopped when the others have ended.
     */
    writers: "plinth.dev/writers",
    /**
     * On a pod: when `launch` last triggered its kubelet to refresh mounted files, which it otherwise does
     * periodically.
     */
    lookedAgain: "plinth.dev/looked-again",
} as const;

/**
 * Labels of an instance's objects and pods.
 *
 * @param own count before the user's, and after Kubernetes' recommended ones
 */
export const instanceLabels = (
    { stack, config }: LabelArgs,
    own: Readonly<Record<string, string>>,
): Record<string, string> => ({
    ...stack.config.labels,
    ...config.labels,
    ...own,
    "app.kubernetes.io/part-of": config.platform,
    "app.kubernetes.io/managed-by": "plinth",
});

/** The label of all objects of a stack. */
export const stackLabel = ({ config }: LabelArgs["stack"]): Record<string, string> => ({
    [plinthLabels.stack]: `${config.project}.${config.stack}`,
});

interface LabelArgs {
    readonly stack: { readonly config: Pick<StackConfig, "labels" | "project" | "stack"> };
    readonly config: Pick<AnyInstance, "labels" | "platform">;
}

/** Labels of one component's objects and pods. They never change, because a Deployment's selector is immutable. */
export const componentLabels = (node: {
    readonly instance: string;
    readonly name: string;
}): Record<string, string> => ({
    "app.kubernetes.io/instance": node.instance,
    "app.kubernetes.io/name": node.name,
});

/** Selector for the pods of one component. */
export const selectorOf = (node: {
    readonly instance: string;
    readonly name: string;
    /** Labels that an operator gives to all of its pods. @default the component's */
    readonly selector?: Readonly<Record<string, string>>;
}): Record<string, string> => ({ ...(node.selector ?? componentLabels(node)) });
