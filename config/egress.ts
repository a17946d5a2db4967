import { z } from "zod";
import { cidr, dnsLabel, port } from "./scalars";

/** An allowed destination outside the cluster or in another namespace, in addition to the platform's own. */
export const egress = z
    .strictObject({
        /** Ports of the destination. @default all */
        ports: z.array(port).min(1).optional(),
        /** Of these ports. @default TCP */
        protocol: z.enum(["TCP", "UDP"]).optional(),
        /** Address ranges of the destination. @default any */
        cidrs: z.array(cidr).min(1).optional(),
        /** Namespace of the destination, instead of ranges. */
        namespace: dnsLabel.optional(),
    })
    .refine(
        ({ ports, protocol, cidrs, namespace }) =>
            (ports ?? cidrs ?? namespace) !== undefined &&
            !(cidrs && namespace !== undefined) &&
            (protocol === undefined || ports !== undefined),
        "allowed: ports with cidrs or a namespace, or only one of these; a protocol with ports only",
    );

export type EgressConfig = z.infer<typeof egress>;
