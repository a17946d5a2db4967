import type { Instance } from "../components/instance";
import { parseQuantity } from "../config/quantity";

export interface UploadLimits {
    readonly php: { readonly uploadLimit: string };
    readonly http: { readonly maxBody: string };
}

/** Reports an upload limit of PHP that exceeds the largest request. */
export function checkUploadLimit(instance: Instance, { php, http }: UploadLimits): void {
    if (parseQuantity(php.uploadLimit) > parseQuantity(http.maxBody))
        instance.problem(
            ["php", "uploadLimit"],
            `"${php.uploadLimit}" is larger than http.maxBody, "${http.maxBody}", the largest request; reduce one or increase the other`,
        );
}

/** Reports more than one pod of the administration, or an autoscaler for it. */
export function checkOneAdmin(instance: Instance): void {
    const admins = instance.config.replicas["admin"];
    if (admins !== undefined && (typeof admins === "object" || admins > 1))
        instance.problem(
            ["replicas", "admin"],
            `${JSON.stringify(admins)} is not allowed; the administration has a single pod: at most 1`,
        );
}
