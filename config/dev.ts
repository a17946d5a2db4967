import { z } from "zod";
import { ownOnly } from "./own";
import { directory, port } from "./scalars";

/** A folder of this machine; Windows' ones as `C:/Users/ada/shop`. */
const hostFolder = z
    .string()
    .max(1024, "is longer than 1024 characters")
    .regex(
        /^([A-Za-z]:)?\/(?!(.*\/)?\.\.?(\/|$))[^:\p{Cc}]+$/u,
        "allowed: an absolute path of a folder on one line, without : and without . and .., such as /home/ada/shop or C:/Users/ada/shop",
    )
    .transform((path) => path.replace(/\/+/g, "/").replace(/\/$/, ""));

/** What only a local cluster can have. */
export const dev = ownOnly(
    z
        .strictObject({
            /**
             * Folders of this machine, by component and by path in it: `{web: {/src: /home/ada/shop}}`. All containers
             * of the component's main image see them, in place of what they have at that path.
             */
            mounts: z.record(z.string(), z.record(directory, hostFolder)).default({}),
            /** Components that `dev up` forwards ports of this machine to, until Ctrl-C. */
            ports: z.record(z.string(), port).default({}),
        })
        .optional(),
);

export type DevConfig = NonNullable<z.infer<typeof dev>>;

/** Where a folder of this machine is on the node of a local cluster. */
export const nodePath = (folder: string): string => `/plinth/host${folder.replace(/^([A-Za-z]):/, "/$1")}`;
