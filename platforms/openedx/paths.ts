/** User `app` of the image. */
export const user = 1000;

/** Where the pods have Plinth's own scripts. */
export const scriptFolder = "/opt/plinth";
