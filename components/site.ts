import type { Service } from "./graph";
import type { PathRule } from "./pathRule";

export interface Route {
    /** @default every path */
    readonly path?: PathRule;
    readonly to: Service;
    /** Name of the service's port. @default its first */
    readonly port?: string;
    /** Client ranges that may use this path, within those of `http.allow`. @default all */
    readonly allow?: readonly string[];
    /** Largest request body, as a quantity. @default http.maxBody of the instance */
    readonly maxBody?: string;
}

/** The routes published under one host name. */
export interface Site {
    readonly host: string;
    /** The longest matching path wins; of equal ones, the first. */
    readonly routes: readonly Route[];
    /** Paths that return 404 to everyone, before all routes. @default none */
    readonly closed?: readonly PathRule[];
    /** Paths of this host, each with the path that the service is asked for instead. @default none */
    readonly rewrites?: Readonly<Record<string, string>>;
    /** Host to which every request is redirected, path and query kept, instead of any route. @default none */
    readonly redirectTo?: string;
    /**
     * Whether other sites may show pages in a frame, unless the application's own headers forbid it.
     *
     * @default false: pages without such a header get one that forbids it
     */
    readonly embeddable?: boolean;
}
