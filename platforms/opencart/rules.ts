import type { PathRule } from "../../components/pathRule";
import type { OpenCartConfig } from "./config";

/** A directory with a script of its own. */
export const administration = (adminPath: string): PathRule => ({ paths: [`/${adminPath}`] });

/** The installer, and files that only code reads. */
export const directories: PathRule = { paths: ["/install", "/storage", "/system"] };

/** What strangers do not reach at the shop's host. */
export const closed = ({
    adminPath,
    adminHost,
    adminAllow,
}: Pick<OpenCartConfig, "adminPath" | "adminHost" | "adminAllow">): PathRule[] => [
    ...(adminHost === undefined && adminAllow.length === 0 ? [] : [administration(adminPath)]),
    directories,
];
