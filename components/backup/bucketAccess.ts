import { type BackupSecret, backupSecrets } from "../../config/backup";
import { Value } from "../../config/value";
import type { Component } from "../component";
import type { NetworkRule, Setting } from "../graph";
import type { Instance } from "../instance";
import { checkIdentity, identityRules } from "../workloadIdentity";

/** What the steps need to sign their requests to the bucket. */
interface BucketAccess {
    readonly env: Readonly<Record<string, Setting>>;
    readonly needs: readonly NetworkRule[];
}

/** @param name of the backups, below which their keys of the configuration are */
export function bucketKeys(owner: Component, instance: Instance<BackupSecret>, name: string): BucketAccess {
    const required = (key: BackupSecret) => {
        const value = instance.secretValue(key);
        if (!value)
            instance.problem(
                [name, "target"],
                `is object storage and requires its key: ${instance.howToSet(key)}; or identity: pod, if the cloud gives the pods a role`,
                [key],
            );
        return value ?? Value.secret("");
    };
    const values = { accessKey: required("backupAccessKey"), secretKey: required("backupSecretKey") };
    const { accessKey, secretKey } = instance.secret(owner, `${name}-keys`, values);
    return { env: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey }, needs: [] };
}

/** The pods' own identity instead of keys, and the ways to it. */
export function podIdentity(
    instance: Instance<BackupSecret>,
    name: string,
    endpoint: string | undefined,
): BucketAccess {
    checkIdentity(instance, [name, "target"], Object.keys(backupSecrets) as BackupSecret[], endpoint);
    return { env: {}, needs: identityRules().map((rule) => ({ ...rule, key: `${name}.target.identity` })) };
}
