/**
 * Paths in the images that `images/opencart` builds; a test compares both.
 */
export const paths = {
    /** Document root. */
    root: "/var/www/html",
    /**
     * DIR_STORAGE, inaccessible to the web server. It contains PHP's libraries (`vendor`), so it is never mounted as a
     * whole.
     */
    storage: "/var/www/storage",
    /** Files that are neither served nor written: the installer and the initial contents of the shared files. */
    opencart: "/opt/opencart",
    /** Rendered configuration of PHP. */
    php: "/etc/opencart",
    /** Rendered scripts. */
    scripts: "/opt/plinth",
    /** The whole shared volume, in the container that prepares it. */
    volume: "/volume",
    /** The bundled extension of OpenCart, in the container that prepares it. */
    bundled: "/bundled",
} as const;

/**
 * Users of the images: www-data of Alpine's PHP, and nginx. Both are in PHP's group, so that nginx can read shared
 * files.
 */
export const users = { php: 82, nginx: 101 } as const;

export const ports = { http: 8080, php: 9000, phpStatus: 9001 } as const;

/**
 * Parts of DIR_STORAGE that all pods share: sold files, customers' uploads, backups, downloaded extensions, the error
 * log.
 */
export const sharedStorage = ["backup", "download", "logs", "marketplace", "upload"] as const;

/**
 * Parts of DIR_STORAGE that belong to one pod, with their size limits: compiled templates, a few thousand of a few
 * kilobytes in a shop; and sessions, which stay empty because sessions are in the database.
 */
export const ownStorage = { cache: "128Mi", session: "16Mi" } as const;
