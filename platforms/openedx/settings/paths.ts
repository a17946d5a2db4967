/** Folders in the image's pods. */
export const folders = {
    /** Files that are not public, and what is being imported. */
    data: "/openedx/data",
    media: "/openedx/media/",
    /** Files that only the application reads. */
    privateMedia: "/openedx/media-private",
    static: "/openedx/staticfiles/",
    /** Micro-frontends, in their image. */
    mfes: "/openedx/dist",
} as const;

/** The Python package that holds production.py, and the files beside it. */
export const settingsPackage = (variant: "lms" | "cms") => `${variant}.envs.tutor`;
