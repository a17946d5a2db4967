import { imagesNamed } from "../../config/images";

export const images = imagesNamed({
    "openmage-php": { reference: "openmage-php:20.18.0", built: true },
    "openmage-nginx": { reference: "openmage-nginx:20.18.0", built: true },
});
