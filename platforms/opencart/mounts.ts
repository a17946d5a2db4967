import type { SharedClaim } from "../../components/claim";
import type { Mount } from "../../components/podArgs";
import { scratch } from "../webPod";
import type { OpenCartConfig } from "./config";
import { ownStorage, paths, sharedStorage } from "./paths";

/** A copy of the extension that is part of OpenCart, of a few mebibytes. */
export const bundledSpace = "64Mi";

/** What all pods of a shop see of its files below the document root. */
export function sharedMounts(
    { extensions }: OpenCartConfig,
    { claim }: SharedClaim,
    { readOnly = false }: { readonly readOnly?: boolean } = {},
): Mount[] {
    const part = (path: string, subPath: string): Mount => ({
        path,
        claim,
        subPath,
        ...(readOnly ? { readOnly } : {}),
    });
    return [
        part(`${paths.root}/image`, "image"),
        ...(extensions === "shared"
            ? [
                  part(`${paths.root}/extension`, "extension"),
                  scratch(`${paths.root}/extension/opencart`, bundledSpace, "bundled"),
              ]
            : []),
    ];
}

/**
 * The configuration and the files, where the code expects them.
 *
 * @param config name of the ConfigMap with both `config.php`
 */
export function appMounts(settings: OpenCartConfig, files: SharedClaim, config: string): Mount[] {
    return [
        { path: `${paths.root}/config.php`, configMap: config, file: "config.php" },
        { path: `${paths.root}/${settings.adminPath}/config.php`, configMap: config, file: "admin-config.php" },
        ...sharedMounts(settings, files),
        ...sharedStorage.map((part): Mount => ({
            path: `${paths.storage}/${part}`,
            claim: files.claim,
            subPath: `storage/${part}`,
        })),
        ...Object.entries(ownStorage).map(([part, size]) => scratch(`${paths.storage}/${part}`, size, part)),
    ];
}
