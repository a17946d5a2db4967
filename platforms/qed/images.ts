import { imagesNamed } from "../../config/images";

/**
 * The suite publishes most of its images under tags that move (`dev`, `main`, `latest`), so pods pull them at every
 * start; `plinth images lock` writes down their digests.
 */
export const images = imagesNamed({
    nginx: { reference: "docker.io/library/nginx:1.30.4-alpine" },
    "qed-django": { reference: "docker.io/dbsmith88/qed_django:dev" },
    // Flask and its Celery worker.
    "qed-flask": { reference: "docker.io/quanted/flask_qed:dev_kube" },
    "celery-flower": { reference: "docker.io/mher/flower:2.0.1" },
    "cts-nodejs": { reference: "ghcr.io/quanted/cts-nodejs:dev" },
    // Manager and worker.
    "cts-celery": { reference: "ghcr.io/quanted/cts-celery:dev" },
    "hms-dotnetcore": { reference: "ghcr.io/quanted/hms:dev" },
    // Scheduler and workers, which must be of one version.
    dask: { reference: "ghcr.io/quanted/hms-dask:main" },
    // Public: the suite's own image only adds a user to Tomcat. The applications are on a volume.
    "qed-tomcat": { reference: "docker.io/library/tomcat:9.0.111-jre8-temurin" },
    ctsws: { reference: "ghcr.io/quanted/ctsws:docker-28b9ed15dc6f4724f56c71c1c5f77a246e70a5e4" },
    jchemws: { reference: "ghcr.io/quanted/jchemws:main-6ae2e9561c201bb83350c8091171ed74ae9f4ed0" },
    // For amd64 only.
    postgis: { reference: "docker.io/postgis/postgis:17-3.5" },
    // The Cyanobacteria application's API and its worker.
    "cyan-api": { reference: "ghcr.io/usepa/cyanweb-api:dev" },
});

/** The suite's own, which its repositories have Dockerfiles for. nginx takes a rendered file, Flower is of others. */
export const suiteImages = [
    "qed-django",
    "qed-flask",
    "cts-nodejs",
    "cts-celery",
    "hms-dotnetcore",
    "dask",
    "qed-tomcat",
    "ctsws",
    "jchemws",
    "cyan-api",
] as const satisfies readonly (keyof typeof images)[];

export type SuiteImage = (typeof suiteImages)[number];
