import type { Instance } from "../components/instance";
import { parseQuantity } from "../config/quantity";

export interface UploadLimits {
    readonly php: { readonly uploadLimit: string };
    readonly http: { readonly maxBody: string };
}

/** Reports uploads that PHP would take, and no request can bring. */
export function checkUploadLimit(instance: Instance, { php, http }: UploadLimits): void {
    if (parseQuantity(php.uploadLimit) > parseQuantity(http.maxBody))
        instance.problem(
            ["php", "uploadLimit"],
            `"${php.uploadLimit}" is larger than http.maxBody, "${http.maxBody}", beyond which no request gets through; lower the one or raise the other`,
        );
}

/** Reports a second pod of the administration, or an autoscaler for it. */
export function checkOneAdmin(instance: Instance): void {
    const admins = instance.config.replicas["admin"];
    if (admins !== undefined && (typeof admins === "object" || admins > 1))
        instance.problem(
            ["replicas", "admin"],
            `${JSON.stringify(admins)} is not allowed; the administration has one pod: at most 1`,
        );
}
