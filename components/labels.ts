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
} as const;

/** What selects the pods of one component: never changes, since a Deployment's selector cannot. */
export const selectorOf = (node: { readonly instance: string; readonly name: string }): Record<string, string> => ({
    "app.kubernetes.io/instance": node.instance,
    "app.kubernetes.io/name": node.name,
});
