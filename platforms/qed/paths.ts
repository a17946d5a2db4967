/** Paths in the suite's images, as its code has them. */
export const paths = {
    /** The code of Django and Flask, each in its own image. */
    code: "/src",
    /** What collectstatic makes, and Flask's reports in it: nginx serves it. */
    static: "/src/collected_static",
    secrets: "/src/secrets",
    appData: "/src/app-data",
    /** With underscores: the suite's first manifests had hyphens, and mounted beside what the code reads. */
    samInput: "/src/pram_flask/ubertool/ubertool/sam/bin/Preprocessed",
    samResults: "/src/pram_flask/ubertool/ubertool/sam/bin/Results",
    basins: "/src/hms_flask/data/qed-basins",
    hmsData: "/src/hms-data",
    /** Opened as `./App_Data`; the image has small files of its own there. */
    hmsAppData: "/app/App_Data",
    tomcat: "/usr/local/tomcat",
    cyanJobs: "/cyan_flask/user_jobs",
    /** Rendered scripts and settings. */
    scripts: "/opt/plinth",
} as const;

/**
 * Ports. nginx takes the place of one that speaks HTTP for Flask at the suite's own port, since Flask and Django speak
 * only uwsgi's binary protocol.
 */
export const ports = {
    http: 8080,
    flask: 7777,
    uwsgi: 8080,
    cyanUwsgi: 5001,
    nodejs: 4000,
    flower: 5555,
    hms: 8080,
    tomcat: 8080,
    dask: 8786,
    dashboard: 8787,
    /** The suite lets dask choose; network policies need to know. */
    daskWorker: 9000,
    daskNanny: 9001,
} as const;

/** Users that the pods run as. All code in the images is readable to everyone. */
export const users = {
    /** That of nginx's image. */
    nginx: 101,
    /** Any: of the suite's Python images, which have none of their own or run as root. */
    python: 1000,
    /** Those of the images of Node, HMS, Tomcat and Flower: the first one that is made in each. */
    first: 1000,
} as const;
