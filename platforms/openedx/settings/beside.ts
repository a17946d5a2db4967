import { join } from "node:path";
import { awsSigningConfig } from "../../../components/languages/awsConfig";
import { constantFiles, type Text } from "../../../components/languages/text";
import type { Facts } from "./facts";

const constant = constantFiles(join(__dirname, "beside"), ["object_storage.py"] as const);

/** Files that production.py needs in its own folder, by name. */
export const besideProduction = ({ services: { objectStorage } }: Pick<Facts, "services">): Record<string, Text> =>
    objectStorage ? { ...constant, [awsConfigName]: awsSigningConfig(objectStorage.pathStyle) } : {};

/** What AWS' libraries read. */
export const awsConfigName = "aws.config";
