import { imagesNamed } from "../../config/images";

export const images = imagesNamed({
    qxsms: { reference: "qxsms:2023-06-21", built: true, variables: { QXSMS_DEBUG: "debug" } },
});
