import { images as usual, imagesNamed } from "../../config/images";

/** Linked statically, so that its program also runs within images that have no shell. */
export const images = imagesNamed({
    composeTools: { reference: "docker.io/library/busybox:1.37.0-musl" },
});

/** The key of a service's image below `images`. */
export const imageName = (service: string): string =>
    Object.hasOwn(usual, service) || Object.hasOwn(images, service) ? `service-${service}` : service;

/** The key of the image of one of the steps before a service. */
export const startImage = (service: string, index: number): string => `${service}-start-${index}`;

/** The key of the image of the container before a service that labels of Kompose ask for. */
export const initImage = (service: string): string => `${service}-init`;
