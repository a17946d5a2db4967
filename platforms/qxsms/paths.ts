/** Paths in the image, QxSMS's own or that of `images/qxsms`; a test compares the latter. */
export const paths = {
    /** The code, and the working directory. */
    home: "/qxsms",
    /** Rendered scripts. */
    scripts: "/opt/plinth",
    /** The translations' folder while they are compiled: at its usual path it would hide their sources. */
    prepared: "/prepared",
} as const;

/** User ID in both images. */
export const user = 1000;

export const port = 8000;
