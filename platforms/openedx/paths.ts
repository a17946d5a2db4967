/** Where the pods have Plinth's own scripts. */
export const scriptFolder = "/opt/plinth";
