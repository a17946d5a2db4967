/** Where things are in the image, QxSMS' own or the one of `images/qxsms`: a test compares the latter. */
export const paths = {
    /** The code, and the working directory. */
    home: "/qxsms",
    /** Rendered scripts. */
    scripts: "/opt/plinth",
    /** The translations' folder while they are made: in its own place it would hide their sources. */
    prepared: "/prepared",
} as const;

/** The user of both images, by number. */
export const user = 1000;

export const port = 8000;
