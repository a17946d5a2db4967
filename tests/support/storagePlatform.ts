import { z } from "zod";
import { publish } from "../../components/loadBalancer";
import { ObjectStorage } from "../../components/objectStorage";
import { edgeSecrets } from "../../config/edge";
import { instanceFields } from "../../config/fields";
import { type ObjectStorageConfig, objectStorageOf, objectStorageSecrets } from "../../config/objectStorage";
import { platforms as registry } from "../../platforms";
import type { Platform } from "../../platforms/platform";

/** Nothing but object storage, for fixture stacks: no platform of the registry uses it yet. */
const storage: Platform = {
    config: {
        name: "storage",
        schema: z.strictObject({
            platform: z.literal("storage"),
            ...instanceFields,
            objectStorage: objectStorageOf(["media", "reports"]),
        }),
        defaults: () => ({}),
        secrets: { ...objectStorageSecrets, ...edgeSecrets },
        images: {},
    },
    declare: (instance) => {
        // No pods run code of its own, but random configurations open ways for such.
        instance.egress([]);
        const config = instance.config["objectStorage"] as ObjectStorageConfig;
        const store = new ObjectStorage(instance, "storage", {
            config,
            buckets: [
                { name: "media", public: true, cors: { origins: ["https://shop.example.org"] }, versioning: true },
                { name: "reports" },
            ],
        });
        const sites = store.sites();
        if (sites.length > 0) publish(instance, sites);
        return { urls: {}, hosts: sites.map(({ host }) => host) };
    },
};

export const platforms: Readonly<Record<string, Platform>> = { ...registry, storage };
