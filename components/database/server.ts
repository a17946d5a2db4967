import type { ResourcesConfig } from "../../config/fields";
import type { Image } from "../../config/images";
import type { SecretRef } from "../graph";

/** The parameters of a server of any engine. */
export interface ServerArgs {
    readonly database: string;
    readonly user: string;
    readonly secrets: {
        readonly password: SecretRef;
        readonly rootPassword: SecretRef;
        /** Password of the exporter's account. @default none: metrics are not exported */
        readonly metrics?: SecretRef | undefined;
    };
    readonly claim: string;
    /** Directory of the volume in which the user says that the data are, `.` for its root. */
    readonly path: string | undefined;
    /** Whether the user has configured existing data. */
    readonly adopted: boolean;
    /** ConfigMap with the configuration and the scripts. */
    readonly configMap: string;
    readonly image: Image;
    readonly resources: ResourcesConfig;
    /** Size of the directory of MariaDB and MySQL for what does not fit into memory. */
    readonly temporary: string;
    /** Whether the user has consented to an in-place upgrade of the data. */
    readonly upgrades: boolean;
}
