import type { DeclareArgs, Sent } from "./declare";
import { declareOpenCart as declareShop } from "./opencart";

/** Declares an instance `shop` of OpenMage with the whole program; returns what would be sent. */
export const declareOpenMage = (
    args: DeclareArgs = {},
    generated: Readonly<Record<string, string>> = {},
): Promise<Sent[]> => declareShop({ ...args, instance: { platform: "openmage", ...args.instance } }, generated);
