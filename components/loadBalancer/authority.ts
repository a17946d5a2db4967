import type { EdgeSecret } from "../../config/edge";
import { isPlaceholder } from "../../config/secrets";
import { Value } from "../../config/value";
import type { Component } from "../component";
import type { Node } from "../graph";
import type { Instance } from "../instance";
import { caddy, word } from "../languages/caddy";
import { wholeFile } from "../languages/text";
import type { Mount } from "../podArgs";
import { CertificateError } from "./certificate";
import type { AuthorityFiles } from "./fileSite";
import { tlsOf } from "./tls";

/** Where the files of accounts and of root certificates are mounted, one for each instance that has some. */
const accountFolder = "/etc/edge-accounts";
const rootsFolder = "/etc/edge-authorities";

/** Which of these files an instance has. Reports half an account. */
export function authorityFiles(instance: Instance<EdgeSecret>): AuthorityFiles {
    const tls = tlsOf(instance);
    if (tls.mode !== "acme") return {};
    return {
        ...(accountOf(instance) ? { account: `${accountFolder}/${instance.name}` } : {}),
        ...(tls.caBundle === undefined ? {} : { roots: `${rootsFolder}/${instance.name}.pem` }),
    };
}

/** External account binding: https://www.rfc-editor.org/rfc/rfc8555#section-7.3.4 */
function accountOf(instance: Instance<EdgeSecret>): Value<readonly string[]> | undefined {
    const keyId = instance.secretValue("acmeKeyId");
    const hmacKey = instance.secretValue("acmeHmacKey");
    if (keyId && hmacKey) return Value.all([keyId, hmacKey]);
    const missing = keyId ? "acmeHmacKey" : "acmeKeyId";
    if (keyId || hmacKey)
        instance.problem(["tls"], `an account at an authority is two secrets; ${instance.howToSet(missing)}`, [
            missing,
        ]);
    return undefined;
}

/** Declares the files of all tenants. Pods are replaced when one changes. */
export function authorityMounts(
    owner: Instance,
    component: Component,
    node: Node,
    tenants: readonly { readonly instance: Instance<EdgeSecret> }[],
): Mount[] {
    const acme = tenants.flatMap(({ instance }) => {
        const tls = tlsOf(instance);
        return tls.mode === "acme" ? [{ instance, tls }] : [];
    });
    const accounts = Object.fromEntries(
        acme.flatMap(({ instance }) => {
            const account = accountOf(instance);
            return account ? [[instance.name, account.map(([id, key]) => accountLine(instance.name, id!, key!))]] : [];
        }),
    );
    const roots = Object.fromEntries(
        acme.flatMap(({ instance, tls: { caBundle } }) =>
            caBundle === undefined ? [] : [[`${instance.name}.pem`, wholeFile(caBundle)]],
        ),
    );
    const mounts: Mount[] = [];
    if (Object.keys(accounts).length > 0)
        mounts.push({
            path: accountFolder,
            secret: owner.add(component, "Secret", "edge-accounts", { stringData: accounts }, { node }),
        });
    if (Object.keys(roots).length > 0)
        mounts.push({
            path: rootsFolder,
            configMap: owner.add(component, "ConfigMap", "edge-authorities", { data: roots }, { node }),
        });
    return mounts;
}

function accountLine(instance: string, keyId: string, hmacKey: string): string {
    const check = (name: string, value: string, pattern: RegExp, allowed: string) => {
        if (!isPlaceholder(value) && !pattern.test(value))
            throw new CertificateError(`plinth:secrets.${instance}.${name}`, `is not possible; allowed: ${allowed}`);
    };
    check("acmeKeyId", keyId, /^[\w.:/@+=~-]+$/, "the key ID as the authority shows it, without spaces");
    check("acmeHmacKey", hmacKey, /^[\w-]+={0,2}$/, "the HMAC key in base64url: letters, digits, - and _");
    return `${caddy`eab ${word(keyId)} ${word(hmacKey)}`}\n`;
}
