import { join } from "node:path";

/** The project's folder, wherever the command is called from. */
export const root = join(__dirname, "..", "..");
