/** Paths in the images that `images/openmage` builds; a test compares both. */
export const paths = {
    /** Document root, with `index.php`. */
    root: "/var/www/html",
    /** Connections and keys, a file in the Secret that all PHP pods share. */
    localXml: "/var/www/html/app/etc/local.xml",
    /** Pictures and downloads: the shared volume. */
    media: "/var/www/html/media",
    /** Files of one pod: locks, reports, exports. */
    var: "/var/www/html/var",
    /** Rendered configuration of PHP. */
    php: "/etc/openmage",
    /** Rendered scripts, and classes for OpenMage: `include_path` of PHP. */
    scripts: "/opt/plinth",
} as const;

/** Users of the images: www-data of Alpine's PHP, and nginx. */
export const users = { php: 82, nginx: 101 } as const;

export const ports = { http: 8080, php: 9000, phpStatus: 9001, metrics: 9253 } as const;
