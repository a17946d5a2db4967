import { imagesNamed } from "../../config/images";

const variables = { ADMIN_PATH: "adminPath" };

export const images = imagesNamed({
    "opencart-php": { reference: "opencart-php:4.1.0.4", built: true, variables },
    "opencart-nginx": { reference: "opencart-nginx:4.1.0.4", built: true, variables },
});
