import type { Json } from "../../../components/languages/python";

/** Which of the two Django applications: the LMS, or Studio. */
export type Variant = "lms" | "cms";

export type Settings = { readonly [name: string]: Json };

/** What the configuration files of an Open edX are made of. Secrets are plain texts: who calls has them resolved. */
export interface Facts {
    /** Of all public URLs. */
    readonly scheme: "http" | "https";
    /** Public hosts. That of the MFEs is below the LMS's, because the LMS's cookies belong to its host. */
    readonly hosts: {
        readonly lms: string;
        readonly studio: string;
        readonly mfe: string;
        /** Further names of the LMS. @default none */
        readonly aliases?: readonly string[];
    };
    /** Where the applications reach each other: `host:port`. */
    readonly internal: { readonly lms: string; readonly cms: string };
    readonly platform: {
        readonly name: string;
        /** Code of a language, as `en` or `pt-br`. */
        readonly language: string;
        readonly contactEmail: string;
    };
    readonly services: Services;
    readonly secrets: Secrets;
    readonly switches: Switches;
    /** What the user adds to Django's settings; it has the last word. */
    readonly settings: Layers<OwnSettings>;
    /** Feature flags. */
    readonly features: Layers<Settings>;
    /** Keys of lms.env.yml and cms.env.yml, which is where secrets of the user's own settings belong. */
    readonly env: Layers<Settings>;
    readonly mfe: Mfe;
}

/** Something for both applications, and for each. @default none */
export interface Layers<T> {
    readonly common?: T;
    readonly lms?: T;
    readonly cms?: T;
}

export interface OwnSettings {
    /** By name. Maps are merged into those that are there, deeply; all else replaces. @default none */
    readonly values?: Settings;
    /** Lines of Python. @default none */
    readonly python?: readonly string[];
}

export interface Services {
    readonly mysql: Server & {
        readonly name: string;
        readonly user: string;
        readonly password: string;
        /** Whether the connection is encrypted, and the server's certificate checked. */
        readonly tls: boolean;
        /** Whether any certificate of the authority is taken. @default it must name the host */
        readonly anyName?: boolean;
    };
    readonly mongodb: MongoDb;
    /** Celery's queues and the event bus. What is lost here is lost work. */
    readonly broker: Redis;
    /** Caches and sessions. */
    readonly cache: Redis;
    readonly search: {
        /** Of Meilisearch, from the pods. */
        readonly url: string;
        /** Of Meilisearch, from browsers. */
        readonly publicUrl: string;
        readonly apiKey: string;
        /** Of the names of indices. */
        readonly prefix: string;
    };
    readonly mail: Server & {
        readonly encryption: "off" | "starttls" | "tls";
        /** @default no log-in */
        readonly username?: string;
        readonly password?: string;
    };
    /** @default files are on a volume at `/openedx/media` and `/openedx/data` */
    readonly objectStorage?: ObjectStorage;
}

export interface Server {
    readonly host: string;
    readonly port: number;
}

export interface MongoDb {
    /** One server, or the members of a replica set, with the same port. */
    readonly hosts: readonly [string, ...string[]];
    readonly port: number;
    readonly name: string;
    /** @default no log-in */
    readonly user?: string;
    readonly password?: string;
    /** The database with the user's account. */
    readonly authSource: string;
    /** @default the driver's choice, SCRAM */
    readonly authMechanism?: string;
    /** @default a server of its own */
    readonly replicaSet?: string;
    readonly tls: boolean;
}

export interface Redis extends Server {
    /** Number of the database. */
    readonly database: number;
    /** @default the default user */
    readonly user?: string;
    /** @default no log-in */
    readonly password?: string;
    readonly tls: boolean;
    /** Whether any certificate of the authority is taken. @default it must name the host */
    readonly anyName?: boolean;
}

export interface ObjectStorage {
    /** URL from the pods. @default that of AWS in the region */
    readonly endpoint?: string;
    /** URL from browsers, where it is another one. @default endpoint */
    readonly publicEndpoint?: string;
    readonly region: string;
    /** Whether buckets are a part of the path, or of the host. */
    readonly pathStyle: boolean;
    /** Empty for the identity of the pods, as is the other. */
    readonly accessKey: string;
    readonly secretKey: string;
    readonly buckets: {
        /** All that has no bucket of its own; only learners' pictures in it are public. */
        readonly main: string;
        /** Files of learners' answers. */
        readonly uploads: string;
        /** Reports for instructors. */
        readonly grades: string;
        /** Files of content libraries. */
        readonly learning: string;
    };
    /**
     * Whether anyone may read the keys `openedx/media/profile-images/*` of the main bucket. If not, as on servers
     * without policies of buckets, URLs of pictures are signed.
     */
    readonly publicProfileImages: boolean;
}

export interface Secrets {
    /** Django's, which the LMS and Studio share. */
    readonly secretKey: string;
    /** Of the OAuth application `cms-sso`, with which people log in to Studio. */
    readonly cmsOauth2Secret: string;
    /** RSA, in PEM. */
    readonly jwtPrivateKey: string;
}

export interface Switches {
    /** Discussions. They run inside of the LMS. */
    readonly forum: boolean;
    /** Learners' notes. @default off */
    readonly notes?: { readonly url: string; readonly publicUrl: string };
    /** Problems with Python of authors run in the service at this URL. @default off: such problems fail */
    readonly codejail?: { readonly url: string };
    /** External graders. @default off */
    readonly xqueue?: { readonly url: string; readonly username: string; readonly password: string };
    /** The theme Indigo, which only images with it have. */
    readonly indigo: boolean;
    /** Whether the catalogue has a search. */
    readonly courseDiscovery: boolean;
}

/** Micro-frontends. */
export interface Mfe {
    /** Additional ones, by name. @default none */
    readonly apps?: Readonly<Record<string, OwnMfe>>;
    /** Keys for all of them. @default none */
    readonly config?: Settings;
    /** Keys for one, by its name. @default none */
    readonly configOf?: Readonly<Record<string, Settings>>;
    /** Keys of the common site of new micro-frontends. @default none */
    readonly site?: Settings;
}

export interface OwnMfe {
    /** Where the MFEs' host has it. @default `/` and its name */
    readonly path?: string;
    /** `host:port` of a server that answers for it. @default the MFEs' image has it in `/openedx/dist/` and its name */
    readonly upstream?: string;
}
