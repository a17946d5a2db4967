import { isPlaceholder } from "../config/secrets";
import { Value } from "../config/value";
import type { Component } from "./component";
import { Refusal } from "./languages/text";
import { keyConsentName, passwordConsentName } from "./names";
import { isRsaKey, placeholderKey } from "./privateKey";
import { pemOf, randomPassword, type Resource, resultOf, rsaKey } from "./resource";
import type { Stack } from "./stack";

/** What generated values of an instance need of it. */
interface Generating {
    readonly name: string;
    readonly owner: Component;
    readonly stack: Stack;
}

/** A password that is generated once and protected, as long as its instance's data is. */
export const generatedPassword = (instance: Generating, name: string, length: number, digits?: number): Value<string> =>
    resultOf(
        planned(instance, name, passwordConsentName, (resource, options) =>
            randomPassword(resource, length, digits, options),
        ),
    );

/** An RSA key of 2048 bits, likewise. */
export const generatedKey = (instance: Generating, name: string): Value<string> =>
    pemOf(planned(instance, name, keyConsentName, rsaKey));

function planned(
    { name: instance, owner, stack }: Generating,
    name: string,
    consentName: (resource: string) => string,
    made: (name: string, options: { readonly parent: Resource; readonly protect: boolean }) => Resource,
): Resource {
    const fullName = `${instance}-${name}`;
    const resource = made(fullName, { parent: owner.resource, protect: stack.isProtected(consentName(fullName)) });
    stack.plan.push(resource);
    return resource;
}

/** The configured value if there is one; the generated one is declared in any case, so that it stays in the state. */
export const chosen = (generated: Value<string>, configured: Value<string> | undefined): Value<string> =>
    configured ? Value.all([generated, configured]).map(([, value]) => value) : generated;

/** @throws Refusal if a configured value is no private key; an encrypted one is represented by a placeholder */
export function checkedKey(key: string, pem: string): string {
    if (isPlaceholder(pem)) return placeholderKey(pem);
    if (!isRsaKey(pem)) throw new Refusal(`allowed as ${key}: an RSA private key in PEM, of 2048 bits or more`);
    return pem;
}
