import { backup, backupSecrets, backUp, Database, databaseOf, databaseSecrets, definePlatform } from "plinth/platform";
import { edgeSecrets, files, httpProbe, imagesNamed, instanceFields, mail, mailSecrets } from "plinth/platform";
import { objectStorageOf, objectStorageSecrets, outgoingMail, type PublicBucket, publicUrl } from "plinth/platform";
import { publish, scratch, secretFiles, type SettingsOf, webServices, WebTier, z } from "plinth/platform";

/** What a user may write about an instance. */
const schema = z.strictObject({
    platform: z.literal("ghost"),
    ...instanceFields,
    database: databaseOf(["mysql"], ["single", "external"], { plain: true }),
    /** @default no backups */
    backup: backup.optional(),
    /** For logins, invitations and members. @default no mail is sent */
    mail: mail.optional(),
    /** For uploads. Themes, routes and redirects stay on the volume. @default everything is on the volume */
    objectStorage: objectStorageOf(["content"], { isPublic: true }).optional(),
});

type GhostConfig = SettingsOf<typeof schema>;

const images = imagesNamed({ ghost: { reference: "docker.io/library/ghost:6.65.0-alpine" } });

const sizes = {
    small: { cpu: "100m", memory: "512Mi", database: { cpu: "100m", memory: "768Mi" }, volume: "5Gi" },
    medium: { cpu: "250m", memory: "1Gi", database: { cpu: "250m", memory: "2Gi" }, volume: "20Gi" },
    large: { cpu: "1", memory: "2Gi", database: { cpu: "1", memory: "4Gi" }, volume: "50Gi" },
};

/** The user `node` of the image. */
const user = 1000;

/** Without this header Ghost redirects to https, which its pod does not speak. */
const ready = httpProbe(2368, "/ghost/api/admin/site/", { "X-Forwarded-Proto": "https" });

/**
 * Ghost 6: clients → load balancer → ghost → database, and → storage if uploads are on S3.
 *
 * What Ghost cannot do: run in several pods, since each keeps settings and jobs in memory; send newsletters by SMTP,
 * only through Mailgun; move existing uploads to S3. The first visitor of /ghost/ becomes the owner: until you have
 * been there, keep others out with `http.allow`.
 */
export default definePlatform({
    apiVersion: 1,
    name: "ghost",
    schema,
    images,
    defaults: () => ({ database: { topology: "single" } }),
    secrets: { ...databaseSecrets, ...mailSecrets, ...objectStorageSecrets, ...backupSecrets, ...edgeSecrets },
    declare: (instance, settings) => {
        const { cpu, memory, ...size } = sizes[settings.size];
        const database = new Database(instance, "database", {
            config: settings.database,
            database: "ghost",
            user: "ghost",
            resources: size.database,
            size: size.volume,
        });
        const place = { config: settings.objectStorage, size: size.volume, keepsVolume: true } as const;
        const { bucket, volume, ...uploads } = files(instance, "content", place);
        const smtp = outgoingMail(instance, settings.mail);
        const url = publicUrl(instance, settings.host);

        // Ghost parses variables as JSON, so a password of digits alone would become a number; files are not parsed.
        const secrets = secretFiles("/run/secrets/ghost", {
            database__connection__password: database.service.settings.password,
            mail__options__auth__pass: smtp.password,
            storage__S3Storage__accessKeyId: bucket?.service.settings.accessKey,
            storage__S3Storage__secretAccessKey: bucket?.service.settings.secretKey,
        });
        const ghost = new WebTier(instance, "ghost", {
            // Ghost migrates its database when it starts: by then, the pod of the previous version has stopped.
            single: true,
            pod: {
                user,
                shareNodeFor: volume.shareNodeFor,
                graceSeconds: 75,
                containers: [
                    {
                        name: "ghost",
                        image: images.ghost,
                        ports: { http: 2368 },
                        resources: { cpu, memory },
                        env: {
                            url,
                            database__client: "mysql",
                            logging__transports: '["stdout"]',
                            ...mailEnv(settings.mail),
                            ...(bucket ? bucketEnv(bucket) : {}),
                            ...secrets.env,
                        },
                        uses: [
                            database.service.bind({
                                database__connection__host: "host",
                                database__connection__port: "port",
                                database__connection__user: "user",
                                database__connection__database: "name",
                            }),
                            ...(bucket ? [bucket.service.bind()] : []),
                        ],
                        // An hour for migrations: if one is killed, its lock stays in the database.
                        probes: { startup: ready(10, 360), readiness: ready(10, 3), liveness: ready(30, 6) },
                        mounts: [
                            { path: "/var/lib/ghost/content", claim: volume.claim },
                            scratch("/tmp", "1Gi"),
                            ...secrets.mounts,
                        ],
                    },
                ],
            },
            networkRules: instance.egress([webServices, ...smtp.networkRules]),
            startsAfter: [database, ...uploads.startsAfter],
        });
        const kept = { volume, image: images.ghost, user };
        backUp(instance, { config: settings.backup, database, files: kept, writers: [ghost] });
        publish(instance, [{ host: settings.host, routes: [{ to: ghost.service }] }, ...uploads.sites]);
        return { urls: { site: `${url}/`, admin: `${url}/ghost/` } };
    },
});

/** Options of nodemailer. Ghost mails a code to whoever logs in from a new device, so without mail it must not. */
const mailEnv = (mail: GhostConfig["mail"]): Record<string, string> =>
    mail
        ? {
              mail__transport: "SMTP",
              mail__from: mail.from,
              mail__options__host: mail.host,
              mail__options__port: String(mail.port),
              mail__options__secure: String(mail.encryption === "tls"),
              mail__options__requireTLS: String(mail.encryption === "starttls"),
              mail__options__ignoreTLS: String(mail.encryption === "off"),
              ...(mail.username === undefined ? {} : { mail__options__auth__user: mail.username }),
          }
        : { security__staffDeviceVerification: "false" };

/** Settings of the adapter S3Storage, which is part of Ghost. */
const bucketEnv = ({ name, url, service: { settings } }: PublicBucket): Record<string, string> => ({
    storage__active: "S3Storage",
    storage__media: '{"adapter":"S3Storage","staticFileURLPrefix":"content/media"}',
    storage__files: '{"adapter":"S3Storage","staticFileURLPrefix":"content/files"}',
    storage__S3Storage__staticFileURLPrefix: "content/images",
    storage__S3Storage__bucket: name,
    storage__S3Storage__cdnUrl: url,
    storage__S3Storage__endpoint: settings.endpoint,
    storage__S3Storage__region: settings.region,
    storage__S3Storage__forcePathStyle: settings.forcePathStyle,
    storage__S3Storage__multipartUploadThresholdBytes: "10485760",
    storage__S3Storage__multipartChunkSizeBytes: "10485760",
});
