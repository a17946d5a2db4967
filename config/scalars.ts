import { z } from "zod";
import { isMapped, canonicalAddress, canonicalRange } from "./addresses";
import { isWithin } from "./quantity";

/** RFC 1123 label, for names of namespaces, Services and instances. */
export const dnsLabel = z
    .string()
    .max(63, "is longer than 63 characters")
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "allowed: lower-case letters, digits and '-', not at either end");

const subdomainPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/** RFC 1123 subdomain, for names of nodes, volumes and classes. */
export const subdomain = z
    .string()
    .max(253, "is longer than 253 characters")
    .regex(
        new RegExp(`^${subdomainPattern}$`),
        "allowed: lower-case letters, digits, '-' and '.'; each part between dots begins and ends with a letter or digit",
    );

/** Name of a storage class. */
export const storageClass = subdomain;

/** A full host name without scheme, port or path. */
export const hostName = z
    .string()
    .max(253, "is longer than 253 characters")
    .regex(
        /^(?=.*[a-z])([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/,
        "allowed: a host name such as shop.example.org, without scheme, port or path",
    );

/** A DNS domain, short enough for Service names below it. */
export const domain = z
    .string()
    .max(120, "is longer than 120 characters")
    .regex(
        /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/,
        "allowed: a DNS domain such as cluster.local, in lower case",
    );

/** A single line of text. */
export const line = z.string().regex(/^\P{Cc}+$/u, "allowed: one line of text");

export const amount = z.union([z.string(), z.number().transform(String)]);

const gibi = 2 ** 30;
const tebi = 2 ** 40;

/** CPU cores, with a resolution of one thousandth. */
export const cpu = amount.refine(
    (text) => isWithin(text, 1e-3, 1024, 1e-3),
    "allowed: a quantity from 1m to 1024, such as 500m or 2",
);

/** Memory of a container: none starts with less, and Kubernetes warns about fractions of a byte. */
export const memory = amount.refine(
    (text) => isWithin(text, 2 ** 20, 64 * tebi, 1),
    "allowed: a quantity of whole bytes from 1Mi to 64Ti, such as 256Mi or 2Gi",
);

/** Size of a volume. */
export const storage = amount.refine(
    (text) => isWithin(text, 2 ** 20, 1024 * 1024 * gibi, 1),
    "allowed: a quantity of whole bytes from 1Mi to 1024Ti, such as 500Mi or 10Gi",
);

/** For limits that programs read in whole mebibytes, with 0 for unlimited. */
export const bytes = amount.refine(
    (text) => isWithin(text, 2 ** 20, tebi, 1),
    "allowed: a quantity of whole bytes from 1Mi to 1Ti, such as 64Mi or 1Gi",
);

export const port = z.int().min(1).max(65535);

/** A duration in seconds, at most a year. */
export const seconds = z.int().min(0).max(31_536_000);

/**
 * An address range, IPv6 in canonical form. Bits beyond the prefix are refused: Kubernetes warns about them, and it is
 * unclear whether the range or the address is meant.
 */
export const cidr = z
    .union([z.cidrv4(), z.cidrv6()], "allowed: a range such as 192.0.2.0/24")
    .refine((text) => !isMapped(text), "allowed: a range such as 192.0.2.0/24, not IPv4-mapped IPv6")
    .transform((text, context) => {
        const { range, hasMore } = canonicalRange(text);
        if (!hasMore) return range;
        const [address] = text.split("/") as [string];
        const message = `allowed: ${range} for the range, or ${canonicalAddress(address)}/${address.includes(":") ? 128 : 32} for only the address`;
        context.addIssue({ code: "custom", message, input: text });
        return z.NEVER;
    });

const isNotMapped = [
    (text: string) => !isMapped(text),
    "allowed: an IPv4 address such as 192.0.2.1, not IPv4-mapped IPv6",
] as const;

/** An IP address, IPv6 in canonical form. */
export const address = z
    .union([z.ipv4(), z.ipv6()], "allowed: an IP address such as 192.0.2.1")
    .refine(...isNotMapped)
    .transform(canonicalAddress);

export const email = z.email("allowed: an e-mail address").max(254, "is longer than 254 characters");

const pathPart = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const registryPart = "(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[1-9]\\d{0,4})?";

/** An image reference: https://pkg.go.dev/github.com/distribution/reference#pkg-overview */
export const imageReference = z
    .string()
    .regex(
        new RegExp(
            `^(?:${registryPart}/)?${pathPart}(?:/${pathPart})*(?::[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
        ),
        "allowed: [REGISTRY/]NAME[:TAG][@sha256:DIGEST], such as registry.example.org/team/web:2.1, the name in lower case",
    )
    .refine((text) => text.split(/@|:(?!.*\/)/)[0]!.length <= 255, "allowed: a name of at most 255 characters");

/** A prefix of image names, without a trailing slash. */
export const imagePrefix = z
    .string()
    .transform((text) => text.replace(/\/$/, ""))
    .refine(
        (text) => text.length <= 200 && imageReference.safeParse(`${text}/name`).success,
        "allowed: REGISTRY, or REGISTRY/FOLDER in lower case, such as registry.example.org:5000/team",
    );

/** A registry in image references. Names without dot and port are folders on Docker Hub, except `localhost`. */
export const registryHost = z
    .string()
    .regex(
        new RegExp(`^(?=.*[.:]|localhost$)${registryPart}$`),
        "allowed: HOST or HOST:PORT, such as registry.example.org:5000 or docker.io, without scheme or path",
    );

/**
 * Syntax of label keys and classes:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
export const qualifiedName = new RegExp(
    `^(?=([^/]{1,253}/)?[^/]{1,63}$)(${subdomainPattern}/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`,
);

const labelKey = z.string().regex(qualifiedName, "allowed: a label key such as owner or example.org/owner");

export const labelValue = z
    .string()
    .regex(
        /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/,
        "allowed: at most 63 letters, digits, '-', '_' and '.', letters or digits at both ends",
    );

/** Labels that Plinth sets itself, to find objects and select pods. */
const ownLabel =
    /^(app\.kubernetes\.io\/(instance|name|part-of|managed-by)|([^/]+\.)?plinth\.dev\/.*|kubernetes\.io\/metadata\.name|pod-security\.kubernetes\.io\/.*)$/;

export const labels = z.record(
    labelKey.refine((key) => !ownLabel.test(key), "allowed: any label except those set by Kubernetes or Plinth"),
    labelValue,
);

export const annotations = z.record(labelKey, z.string());

/** Removes redundant slashes from a path. */
export const clean = (path: string): string => path.replace(/\/+/g, "/").replace(/(.)\/$/, "$1");

/** A directory on a server or a node, normalised: `/srv/data/` is `/srv/data`. */
export const directory = z
    .string()
    .max(1024, "is longer than 1024 characters")
    .regex(
        /^\/(?!(.*\/)?\.\.?(\/|$))\P{Cc}*$/u,
        "allowed: an absolute path on one line without . and .., such as /srv/data",
    )
    .transform(clean);

/** A server's name or its address. */
export const server = z
    .union([hostName, z.ipv4(), z.ipv6()], "allowed: a host name or an IP address")
    .refine(...isNotMapped)
    .transform(canonicalAddress);

/** A mail relay. IPv6 addresses are not allowed, because the platforms' clients would read their colons as a port. */
export const mailServer = z.union([hostName, z.ipv4()], "allowed: a host name or an IPv4 address");

/** A text that only matters when it changes. */
export const changed = z.string().max(253, "is longer than 253 characters");
