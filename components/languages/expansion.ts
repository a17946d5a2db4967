import { languageOf, type Text, written } from "./text";

/**
 * Text in which the kubelet replaces `$(NAME)` by another variable, and `$$` by `$`: the values of a container's
 * environment, its command, its arguments, and the commands of its probes. Commands of hooks are not expanded.
 * https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables
 */
export type Expansion = Text<"expansion">;

/** A value that refers to others: expansion`https://${variable("USERINFO")}@${literal(host)}/` */
export const expansion = languageOf<"expansion">();

/** A value that reaches the program unchanged. A `$` without a parenthesis after it is literal. */
export const literal = (value: string): Expansion =>
    written(value.replace(/\$+(?=\()|\${2,}/g, (dollars) => dollars + dollars));

/** The value of a variable that comes before this one in the container's environment. */
export const variable = (name: string): Expansion => written(`$(${name})`);
