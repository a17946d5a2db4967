/** Components that may take the place of a service with a well-known image. */
export const roles = ["database", "cache", "broker", "documents", "storage"] as const;
export type Role = (typeof roles)[number];
