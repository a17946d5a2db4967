/** Name of the balancer's component in every instance, and so of its Service and pods. */
export const edgeName = "edge";

/** Used instead of an instance's name in the names of the shared balancer's resources. */
export const sharedName = "edge";

/** Ports of the pod: none is privileged. */
export const ports = { http: 8080, https: 8443, health: 8081, metrics: 9180 };
