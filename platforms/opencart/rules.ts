import type { PathRule } from "../../components/pathRule";
import type { OpenCartConfig } from "./config";

/** A directory with its own script. */
export const administration = (adminPath: string): PathRule => ({ paths: [`/${adminPath}`] });

/** The installer, and files that are only read by code. */
export const directories: PathRule = { paths: ["/install", "/storage", "/system"] };

/** Paths that the public cannot reach at the shop's host. */
export const closed = ({
    adminPath,
    adminHost,
    adminAllow,
}: Pick<OpenCartConfig, "adminPath" | "adminHost" | "adminAllow">): PathRule[] => [
    ...(adminHost === undefined && adminAllow.length === 0 ? [] : [administration(adminPath)]),
    directories,
];
