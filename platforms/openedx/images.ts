import { imagesNamed } from "../../config/images";

/** Public images of one release, Verawood: never those of two. The micro-frontends' version is counted apart. */
export const images = imagesNamed({
    openedx: { reference: "docker.io/overhangio/openedx:22.0.3" },
    mfe: { reference: "docker.io/overhangio/openedx-mfe:22.1.0" },
});
