import type { CacheSettings } from "../../components/cache";
import type { DatabaseSettings } from "../../components/database";
import type { DocumentStoreSettings } from "../../components/documentStore";
import type { Edge, NetworkRule, SecretRef, Service } from "../../components/graph";
import type { ObjectStorageSettings } from "../../components/objectStorage";
import type { SearchSettings } from "../../components/search";

/** What the applications use, wherever it runs. */
export interface Used {
    readonly database: Service<DatabaseSettings>;
    readonly documents: Service<DocumentStoreSettings>;
    readonly broker: Service<CacheSettings>;
    readonly cache: Service<CacheSettings>;
    readonly search: Service<SearchSettings>;
    /** Another one is empty, and has no keys. */
    readonly searchEngine: string;
    readonly storage: Service<ObjectStorageSettings>;
    /** The buckets' names on the server, by the platform's own. */
    readonly bucketNames: Readonly<Record<string, string>>;
    readonly mail: UsedMail;
}

export interface UsedMail {
    readonly host: string;
    readonly port: number;
    readonly encryption: "off" | "starttls" | "tls";
    readonly username?: string | undefined;
    readonly password?: SecretRef | undefined;
    /** The instance's own relay. @default the way out is in {@link networkRules} */
    readonly relay?: Service;
    readonly networkRules: readonly NetworkRule[];
}

/** The hosts of the document store; with SRV records the one name that lists them. */
export const documentHosts = ({ documents }: Used): readonly string[] => documents.host.split(",");

export const isSrv = ({ documents }: Used): boolean => documents.settings.srv === "true";

/** The ways to everything that the applications connect to. What they need to know of it is in their settings. */
export const edgesTo = ({ database, documents, broker, cache, search, storage, mail }: Used): Edge[] => [
    database.bind(),
    documents.bind(),
    broker.bind(),
    cache.bind(),
    search.bind(),
    storage.bind(),
    ...(mail.relay ? [mail.relay.bind()] : []),
];
