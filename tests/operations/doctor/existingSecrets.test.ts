import { expect } from "chai";
import type { AnyInstance } from "../../../config/stack";
import { KubectlError, kubectlFailure } from "../../../operations/cluster/kubectlError";
import { existingSecrets, secretsOfOthers } from "../../../operations/doctor/existingSecrets";
import { expectFinding } from "../../support/doctor";

describe("doctor: Secrets of others", () => {
    const instances = [{ name: "shop", platform: "opencart", namespace: { name: "shop", create: false } }];
    const config = (keys: Record<string, { secret: string; key: string; namespace?: string }>) => ({
        secretsFrom: { shop: keys },
        instances: instances as unknown as AnyInstance[],
    });
    const kubectl = {
        read: ([, , name, , namespace]: readonly string[]) => {
            if (`${namespace}/${name}` === "shop/mail") return Promise.resolve("password\nuser\n");
            const message = 'Error from server (NotFound): secrets "x" not found';
            return Promise.reject(new KubectlError(message, kubectlFailure(message), message));
        },
    };

    it("must be there, with the key", async () => {
        const found = async (keys: Parameters<typeof config>[0]) =>
            existingSecrets({ secretsOfOthers: await secretsOfOthers(kubectl, config(keys)) });
        expectFinding(await found({ smtpPassword: { secret: "mail", key: "password" } }), "ok", "1 key");
        expectFinding(
            await found({
                smtpPassword: { secret: "mail", key: "pass" },
                databasePassword: { secret: "db", key: "x", namespace: "vault" },
            }),
            "problem",
            'plinth:secretsFrom.shop.smtpPassword: the Secret shop/mail has no key "pass"; it has: password, user',
            "plinth:secretsFrom.shop.databasePassword: the Secret vault/db does not exist",
        );
        expect((await found({})).text).to.equal("the stack has none");
    });
});
