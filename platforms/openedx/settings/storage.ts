import { assignments, literal, python, type Python, set } from "../../../components/languages/python";
import { joined, linesOf } from "../../../components/languages/text";
import { awsConfigName } from "./beside";
import type { Facts, ObjectStorage, Variant } from "./facts";
import { folders, settingsPackage } from "./paths";

/** Seconds until a signed URL is worth nothing: the most that version 4 of the signature allows. */
const expiry = 7 * 24 * 60 * 60;

/** Without the slash at the beginning, as a key in a bucket. */
const key = (folder: string): string => folder.replace(/^\//, "");

/** Learners' pictures, which are the only public files. */
const profileImages = `${folders.media}profile-images/`;

const isSplit = ({ endpoint, publicEndpoint }: ObjectStorage): boolean =>
    publicEndpoint !== undefined && publicEndpoint !== endpoint;

/** The class of all files that are not static ones. */
function backend(variant: Variant, storage: ObjectStorage | undefined): string {
    if (!storage) return "django.core.files.storage.FileSystemStorage";
    return isSplit(storage)
        ? `${settingsPackage(variant)}.object_storage.ObjectStorage`
        : "storages.backends.s3boto3.S3Boto3Storage";
}

/** Files of both applications. */
export function storageSettings(variant: Variant, { services: { objectStorage: storage } }: Facts): Python {
    const location = storage ? key(folders.media) : folders.media;
    return joined(
        [
            linesOf([
                set(python`MEDIA_ROOT`, folders.media),
                set(python`VIDEO_IMAGE_SETTINGS["STORAGE_KWARGS"]["location"]`, location),
                set(python`VIDEO_TRANSCRIPTS_SETTINGS["STORAGE_KWARGS"]["location"]`, location),
            ]),
            storage ? inBuckets(variant, storage) : onVolume,
        ],
        "\n",
    );
}

/** The name is a folder there. */
const uploads = "openedxuploads";

const onVolume = assignments({
    GRADES_DOWNLOAD: {
        STORAGE_TYPE: "",
        STORAGE_KWARGS: { base_url: "/media/grades/", location: `${folders.media}grades` },
    },
    ORA2_FILEUPLOAD_BACKEND: "filesystem",
    ORA2_FILEUPLOAD_ROOT: `${folders.data}/ora2`,
    ORA2_FILEUPLOAD_CACHE_NAME: "ora2-storage",
    FILE_UPLOAD_STORAGE_BUCKET_NAME: uploads,
    OPENEDX_LEARNING: {
        MEDIA: {
            BACKEND: "django.core.files.storage.FileSystemStorage",
            OPTIONS: { location: `${folders.privateMedia}/openedx-learning` },
        },
    },
});

function inBuckets(variant: Variant, storage: ObjectStorage): Python {
    const { buckets } = storage;
    const BACKEND = backend(variant, storage);
    return joined(
        [
            linesOf([set(python`STORAGES["default"]["BACKEND"]`, BACKEND)]),
            assignments({
                GRADES_DOWNLOAD: {
                    STORAGE_TYPE: "",
                    STORAGE_KWARGS: { location: key(`${folders.media}grades`), bucket_name: buckets.grades },
                },
                OPENEDX_LEARNING: { MEDIA: { BACKEND, OPTIONS: { bucket_name: buckets.learning } } },
                // Assessments would look for files at the public address, to which pods may have no way.
                ORA2_FILEUPLOAD_BACKEND: isSplit(storage) ? "django" : "s3",
                ORA2_FILEUPLOAD_ROOT: `${folders.data}/ora2`,
                ORA2_FILEUPLOAD_CACHE_NAME: "ora2-storage",
                FILE_UPLOAD_STORAGE_BUCKET_NAME: buckets.uploads,
                ...endpoints(storage),
                AWS_S3_REGION_NAME: storage.region,
                AWS_S3_SIGNATURE_VERSION: "s3v4",
                AWS_QUERYSTRING_EXPIRE: expiry,
                // The LMS would make each file public. Newer buckets of AWS refuse any list of this kind.
                AWS_DEFAULT_ACL: null,
                AWS_BUCKET_ACL: null,
            }),
            client(storage),
            plainClients(storage),
        ],
        "\n",
    );
}

/**
 * The address from browsers is the one that all of Open edX and its plug-ins sign URLs for. Where pods have an address
 * of their own, our class of files uses it, so that they need no public DNS name and no certificate.
 */
function endpoints({ endpoint, publicEndpoint }: ObjectStorage) {
    const open = publicEndpoint ?? endpoint;
    return {
        ...(open === undefined ? {} : { AWS_S3_ENDPOINT_URL: open }),
        ...(publicEndpoint === undefined || publicEndpoint === endpoint
            ? {}
            : { AWS_S3_INTERNAL_ENDPOINT_URL: endpoint ?? null }),
    };
}

/** Servers other than AWS do not know its new checksums, which the client would demand. */
const client = ({ pathStyle }: ObjectStorage): Python => python`from botocore.client import Config

AWS_S3_CLIENT_CONFIG = Config(
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    signature_version="s3v4",
    s3={"addressing_style": ${literal(pathStyle ? "path" : "auto")}},
)
`;

/** For clients that are made without these settings, as those of assessments with files. */
const plainClients = ({ region }: ObjectStorage): Python => python`os.environ["AWS_DEFAULT_REGION"] = ${literal(region)}
os.environ["AWS_CONFIG_FILE"] = os.path.join(os.path.dirname(__file__), ${literal(awsConfigName)})
`;

/** Learners' pictures, in the LMS. */
export const profileImageSettings = ({ services: { objectStorage: storage } }: Facts): Python =>
    storage
        ? assignments({
              PROFILE_IMAGE_BACKEND: {
                  class: backend("lms", storage),
                  options: {
                      bucket_name: storage.buckets.main,
                      querystring_auth: !storage.publicProfileImages,
                      location: key(profileImages),
                  },
              },
          })
        : python`${set(python`PROFILE_IMAGE_BACKEND["options"]["location"]`, profileImages)}\n`;

/** Exported courses and the like, in Studio. */
export const taskFileSettings = ({ services: { objectStorage: storage } }: Facts): Python => {
    const BACKEND = backend("cms", storage);
    return assignments({
        USER_TASKS_ARTIFACT_STORAGE: BACKEND,
        COURSE_IMPORT_EXPORT_STORAGE: BACKEND,
        COURSE_METADATA_EXPORT_STORAGE: BACKEND,
    });
};
