import { join } from "node:path";

/** The project's folder, independent of the working directory. */
export const root = join(__dirname, "..", "..");
