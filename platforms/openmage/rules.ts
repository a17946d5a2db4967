import type { PathRule } from "../../components/pathRule";
import type { OpenMageConfig } from "./config";

/** A page answers behind the script's name and behind a store's code, too. */
const page = { entry: "index.php", code: true };

/** Below OpenMage's `frontName`. */
export const administration = (adminPath: string): PathRule => ({ paths: [`/${adminPath}`], ...page });

/** For administrators, whose passwords could be tried here. */
export const feeds: PathRule = {
    paths: ["/rss/order/new", "/rss/catalog/notifystock", "/rss/catalog/review"],
    ...page,
};

/** SOAP, XML-RPC and REST. */
export const webServices: PathRule = { paths: ["/api"], ...page };

/** Of one visitor each: no cache keeps them, whatever a module says. */
export const personal: PathRule = { paths: ["/api", "/checkout", "/customer"], ...page };

/**
 * Modules whose pages change something, or show what was just changed, also where the method is GET. A search writes
 * what it has found into a table, and joins it with the catalog.
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

/** What has no page and is no file for browsers: answered without PHP. */
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

/** Never shown, although in a directory whose files are: what customers sent or bought, and templates. */
export const privateMedia: PathRule = {
    paths: ["/media/custom_options", "/media/customer", "/media/downloadable", "/media/import", "/media/tmp"],
};

type Settings = Pick<OpenMageConfig, "adminPath" | "adminHost" | "adminAccess" | "adminAllow" | "api">;

/** Whether the administration is below the shop's own host. */
export const isBeside = ({ adminAccess, adminHost }: Settings): boolean =>
    adminAccess === "public" && adminHost === undefined;

/** What the balancer has no route to, beside the administration. `privateMedia` is not among it: nginx knows the exceptions. */
export const unrouted = ({ api }: Settings): PathRule[] => [feeds, ...(api ? [] : [webServices]), sources];

/** What strangers do not reach at the shop's hosts. */
export const closed = (settings: Settings): PathRule[] => [
    ...(isBeside(settings) && settings.adminAllow.length === 0 ? [] : [administration(settings.adminPath)]),
    ...unrouted(settings),
    privateMedia,
];
