import { qed } from "../../platforms/qed";
import type { QedConfig } from "../../platforms/qed/config";
import { merge } from "../../config/merge";
import { type DeclareArgs, podOf, type Sent } from "./declare";
import { declareOpenCart as declareInstance } from "./opencart";

/** The least that one writes, on a cluster without a shared class. */
const least = { platform: "qed", host: "qed.example.org", sharedFiles: "oneNode" };

/** Declares an instance `shop` of QED with the whole program; returns what would be sent. */
export const declareQed = (args: DeclareArgs = {}): Promise<Sent[]> =>
    declareInstance({ ...args, instance: merge(least, args.instance) as Record<string, unknown> });

/** The settings of an instance, as the program reads them. */
export const qedSettings = (instance: Readonly<Record<string, unknown>> = {}): QedConfig =>
    ({
        name: "shop",
        ...qed.config.schema.parse(merge(merge(qed.config.defaults("small"), least), instance)),
    }) as QedConfig;

const stateful = ["mongodb", "postgres", "cyan-db"];

export const workloadKind = (name: string): "StatefulSet" | "Deployment" =>
    stateful.includes(name) ? "StatefulSet" : "Deployment";

export const has = (objects: readonly Sent[], kind: string, name: string): boolean =>
    objects.some((object) => object.kind === kind && object.metadata.name === name);

/** The main container of a service. */
export const mainOf = (objects: readonly Sent[], name: string) =>
    podOf(objects, workloadKind(name), name).containers[0];

/** A plain variable of a service's main container. */
export const variable = (objects: readonly Sent[], service: string, name: string): string | undefined =>
    (mainOf(objects, service).env as { name: string; value?: string }[]).find((one) => one.name === name)?.value;

/** The rendered nginx.conf. */
export const nginxOf = (objects: readonly Sent[]): string =>
    objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.startsWith("qed-nginx-"))!["data"][
        "nginx.conf"
    ];
