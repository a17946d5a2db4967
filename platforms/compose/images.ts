import { imagesNamed } from "../../config/images";

/** Linked statically, so that its program also runs within images that have no shell. */
export const images = imagesNamed({
    composeTools: { reference: "docker.io/library/busybox:1.37.0-musl" },
});
