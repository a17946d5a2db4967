import { join } from "node:path";
import { constantFiles } from "../../../components/languages/text";

/** Python files beside production.py: constant text. Which of them are used, production.py says. */
export const besideProduction = constantFiles(join(__dirname, "files"), ["object_storage.py"] as const);
