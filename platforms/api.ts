/**
 * What a platform is written with: `import { … } from "plinth/platform"`, wherever its file lies. When something here
 * changes its meaning or goes, `apiVersion` in `platform.ts` is raised.
 */
export { z } from "zod";
export { backup, backupSecrets } from "../config/backup";
export { broker, brokerSecrets } from "../config/broker";
export { cacheOf, cacheSecrets, cacheSecretsOf } from "../config/cache";
export { databaseOf, databaseSecrets, databaseSecretsOf } from "../config/database";
export { documentStore, documentStoreSecrets, documentStoreSecretsOf } from "../config/documentStore";
export { edgeSecrets } from "../config/edge";
export {
    bytes,
    cidr,
    email,
    hostName,
    instanceFields,
    line,
    mailServer,
    port,
    seconds,
    server,
    type SizeName,
} from "../config/fields";
export { type Image, images, imagesNamed } from "../config/images";
export { mail, mailSecrets } from "../config/mail";
export { mailRelay } from "../config/mailRelay";
export { objectStorageOf, objectStorageSecrets } from "../config/objectStorage";
export { own, ownHost, ownOnly } from "../config/own";
export { schedule, timeZone } from "../config/schedule";
export { search, searchOf, searchSecrets, searchSecretsOf } from "../config/search";
export { Value } from "../config/value";
export { postgresTlsEnv, tlsEnv } from "../components/authorities";
export { backUp } from "../components/backup";
export { Broker } from "../components/broker";
export { Cache } from "../components/cache";
export { claim, sharedClaim } from "../components/claim";
export { Database } from "../components/database";
export { DocumentStore } from "../components/documentStore";
export type { Edge, NetworkRule, SecretRef, Service, Setting } from "../components/graph";
export type { HasNode } from "../components/instance";
export { expansion, literal, variable } from "../components/languages/expansion";
export { publish, type Route, type Site } from "../components/loadBalancer";
export { outgoingMail } from "../components/mail";
export { MailRelay } from "../components/mailRelay";
export { ObjectStorage } from "../components/objectStorage";
export type { PathRule } from "../components/pathRule";
export type { ContainerArgs, Mount, PodArgs, Probe } from "../components/podArgs";
export { ScheduledTask } from "../components/scheduledTask";
export { Search } from "../components/search";
export { Task } from "../components/task";
export { upgradeTask } from "../components/upgrade";
export { drainSeconds, WebTier } from "../components/webTier";
export { Worker } from "../components/worker";
export { operation, type Operation, type OperationArgument, type OperationOption, type Operations } from "./operation";
export { type Declared, definePlatform, type InstanceOf, type Platform, type SettingsOf } from "./platform";
export { files, type Files, type PublicBucket } from "./files";
export { publicUrl } from "./publicUrl";
export { httpProbe, scratch, secretFiles, webServices } from "./webPod";
