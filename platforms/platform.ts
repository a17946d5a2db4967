import type { Instance } from "../components/instance";
import type { Deployed } from "../components/outputs";
import type { PathRule } from "../components/pathRule";
import { type Image, usualImages } from "../config/images";
import type { PlatformConfig } from "../config/platform";
import type { AnyInstance } from "../config/stack";

/** A platform: what a user may write of it, and how it is composed of components. */
export interface Platform {
    readonly config: PlatformConfig;
    /** Declares every component and object of one instance; nothing is registered yet. */
    readonly declare: (instance: Instance) => Deployed;
    /**
     * Paths that strangers do not reach at the instance's host, however they write them. Its routes and the
     * configuration of its web servers are made of the same rules; none where the application judges every path itself.
     */
    readonly closed: (settings: AnyInstance) => readonly PathRule[];
}

/** Every image of these platforms and of all components, each with its version. */
export const imagesOf = (platforms: Readonly<Record<string, Platform>>): Image[] => [
    ...new Set(Object.values(platforms).flatMap(({ config }) => usualImages(config.images))),
];
