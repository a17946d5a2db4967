/** Names of the labels and annotations that this program sets, beside Kubernetes' recommended ones. */
export const plinthLabels = {
    /** `<project>.<stack>`: whose object this is, so that nothing is ever adopted by surprise. */
    stack: "plinth.dev/stack",
    /** Digest of the Secrets that a pod uses: a changed password rolls the pod. */
    secrets: "plinth.dev/secrets",
    /** The configuration's `restartedAt`: a changed value rolls the pods. */
    restartedAt: "plinth.dev/restarted-at",
    /** Pods that share files on one node carry the claim's name. */
    sharedFiles: "plinth.dev/shared-files",
    /** On a volume whose claim was given up: the instance that it belonged to. */
    instance: "plinth.dev/instance",
    /** On a volume that is to go with its claim, so that an interrupted purge finds it again. */
    purge: "plinth.dev/purge",
    /** On the pods of every member of a database: the name of the database. */
    database: "plinth.dev/database",
    /** With an ordinal at its end: on the pods that answer reads while that member is the source. */
    readsBeside: "plinth.dev/reads-beside-",
    /** On the task that restores: names of the components that are stopped meanwhile, with spaces between them. */
    writers: "plinth.dev/writers",
    /** On a pod: when `launch` had its kubelet look for changed files, which it else does once in a while. */
    lookedAgain: "plinth.dev/looked-again",
} as const;

/** What selects the pods of one component: never changes, since a Deployment's selector cannot. */
export const selectorOf = (node: { readonly instance: string; readonly name: string }): Record<string, string> => ({
    "app.kubernetes.io/instance": node.instance,
    "app.kubernetes.io/name": node.name,
});
