import type { PathRule } from "../../components/pathRule";
import type { OpenMageConfig } from "./config";

/** Pages are also reachable below the script's name and a store's code. */
const page = { entry: "index.php", code: true };

/** Below OpenMage's `frontName`. */
export const administration = (adminPath: string): PathRule => ({ paths: [`/${adminPath}`], ...page });

/** For administrators only, because passwords could be guessed here. */
export const feeds: PathRule = {
    paths: ["/rss/order/new", "/rss/catalog/notifystock", "/rss/catalog/review"],
    ...page,
};

/** SOAP, XML-RPC and REST. */
export const webServices: PathRule = { paths: ["/api"], ...page };

/** Specific to a visitor: never cached, whatever a module sets. */
export const personal: PathRule = { paths: ["/api", "/checkout", "/customer"], ...page };

/**
 * Modules whose pages change something, or show what was just changed, even with GET. A search writes its results to a
 * table and joins it with the catalog.
 */
export const changing: PathRule = {
    paths: [
        "/api",
        "/api.php",
        "/catalog/product_compare",
        "/catalogsearch",
        "/checkout",
        "/contacts",
        "/customer",
        "/newsletter",
        "/oauth",
        "/paypal",
        "/review",
        "/sales",
        "/wishlist",
    ],
    ...page,
};

/** Paths that are neither pages nor files for browsers: answered without PHP. */
export const sources: PathRule = {
    paths: [
        "/app",
        "/cypress",
        "/dev",
        "/docs",
        "/downloader",
        "/includes",
        "/lib",
        "/pkginfo",
        "/shell",
        "/tests",
        "/var",
        "/vendor",
    ],
};

/** Never served, although in a directory with public files: customers' uploads and purchases, and templates. */
export const privateMedia: PathRule = {
    paths: ["/media/custom_options", "/media/customer", "/media/downloadable", "/media/import", "/media/tmp"],
};

type Settings = Pick<OpenMageConfig, "adminPath" | "adminHost" | "adminAccess" | "adminAllow" | "api">;

/** Whether the administration is below the shop's own host. */
export const isBeside = ({ adminAccess, adminHost }: Settings): boolean =>
    adminAccess === "public" && adminHost === undefined;

/**
 * Paths without a route in the balancer, in addition to the administration. `privateMedia` is not included, because
 * nginx handles its exceptions.
 */
export const unrouted = ({ api }: Settings): PathRule[] => [feeds, ...(api ? [] : [webServices]), sources];

/** Paths that the public cannot reach at the shop's hosts. */
export const closed = (settings: Settings): PathRule[] => [
    ...(isBeside(settings) && settings.adminAllow.length === 0 ? [] : [administration(settings.adminPath)]),
    ...unrouted(settings),
    privateMedia,
];
