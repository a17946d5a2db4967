import { readFileSync } from "node:fs";
import { basename } from "node:path";
import pc from "picocolors";
import { howToSet } from "../../config/problems";
import { example, type Register } from "../command";
import { isMissing, refuseMissing } from "../../operations/engine/engine";
import { openSession } from "../../operations/launch/sandbox";
import { Session } from "../../operations/session";
import { UserError } from "../../operations/system/errors";
import { awaitPods, digestsOf } from "../../operations/secrets/rotation";
import {
    chooseKey,
    dependentsOf,
    isOperatorsLogin,
    placesOnceSet,
    type SecretKey,
    secretKeys,
    secretName,
    type SecretState,
    secretStates,
} from "../../operations/secrets/secrets";
import { givenValue, newPassword } from "../../operations/secrets/secretValue";
import { storeSecret } from "../../operations/secrets/storeSecret";
import { launchChanged } from "../../operations/launch/states";
import { count, table } from "../../operations/system/text";
import { checkLocks, ensureStack } from "../../operations/launch/prepare";

export const secrets: Register = (program) => {
    const group = program
        .command("secrets")
        .description("List, set or rotate a stack's secrets. Values are never shown.");
    example(
        group
            .command("list")
            .description(
                "List all secret keys.\n\nShows for each key its purpose, whether it is set, and the Secret that contains it.",
            )
            .argument("[stack]", "stack to list", "dev")
            .argument("[instance]", "only this instance's")
            .option("--json", "for scripts")
            .action((stack: string, instance: string | undefined, options: { json?: boolean }) =>
                list(stack, instance, options.json ?? false),
            ),
        "secrets list production shop",
    );
    example(
        group
            .command("set")
            .description(
                "Set a secret in the stack file, encrypted.\n\nPrompts for the value, or reads it from standard input.",
            )
            .argument("<instance>", "instance that it belongs to, or images for a registry's password")
            .argument("<key>", "key, see `secrets list`")
            .argument("[stack]", "stack to change", "dev")
            .action(set),
        "secrets set shop smtpPassword production",
        "secrets set shop tlsKey production < shop.key",
        "secrets set images gitlab production",
    );
    example(
        group
            .command("rotate")
            .description(
                "Replace a generated password with a new one.\n\nSets it, launches the stack, and waits until no pod runs with the old one.",
            )
            .argument("<instance>", "instance that it belongs to")
            .argument("<key>", "key, see `secrets list`")
            .argument("[stack]", "launched stack", "dev")
            .action(rotate),
        "secrets rotate shop databasePassword production",
    );
};

async function list(stack: string, instance: string | undefined, json: boolean): Promise<void> {
    const session = new Session(stack);
    const states = await secretStates(session, secretKeys(session, instance));
    if (json)
        return console.log(
            JSON.stringify(
                states.map(({ rule, length: _, ...state }) => ({ ...state, purpose: rule.purpose })),
                null,
                2,
            ),
        );
    const rows = states.map((state) => [
        state.instance,
        state.key,
        valueText(state),
        placesText(state),
        state.rule.purpose,
    ]);
    console.log(table(["instance", "key", "value", "Secret", "for"], rows));
}

const valueText = ({ value, places }: SecretState): string =>
    value === "set" && places.length === 0 ? "set, unused" : value === "missing" ? pc.red(value) : value;

const placesText = ({ places }: SecretState): string =>
    places.map(({ namespace, secret, key }) => `${namespace}/${secret}: ${key}`).join("\n");

async function set(instance: string, key: string, stack: string): Promise<void> {
    const session = await openSession(stack);
    const one = chooseKey(session, instance, key);
    // Report problems with the stack now, before the value is stored.
    const places = await placesOnceSet(session, one);
    await session.engine(true);
    // Check this before the user types a value that could not be stored.
    await session.pulumi();
    const value = await givenValue(stack, one);
    await ensureStack(session);
    await storeSecret(session, one, value);
    if (places.length === 0) console.log(`Nothing in "${stack}" currently uses it.`);
    console.log(
        `The ${secretName(one)} is set in Pulumi.${stack}.yaml. Nothing is deployed yet: ./plinth launch ${stack}`,
    );
}

async function rotate(instance: string, key: string, stack: string): Promise<void> {
    const session = await openSession(stack);
    const one = chooseKey(session, instance, key);
    const length = await generatedLength(session, one);
    refuseMissing("Nothing was changed.", [await session.engine(true), await session.cluster()].filter(isMissing));
    const kubectl = await session.kubectl();
    checkLocks(session, false);
    const dependents = await dependentsOf(session, one);
    const before = await digestsOf(kubectl, dependents);
    if (dependents.workloads.length > 0 && before.size === 0)
        throw new UserError(
            `Nothing was changed: nothing that uses ${key} is deployed. Deploy it first: ./plinth launch ${stack}`,
        );
    const { path } = session;
    const file = basename(path);
    const written = readFileSync(path, "utf8");
    await ensureStack(session);
    await storeSecret(session, one, newPassword(length, one.rule));
    const continueWith =
        `${file} already has the new value. Once the cause is fixed, continue with: ./plinth launch ${stack}\n` +
        "Or restore the file and launch: the previous value is in it, or, if it was generated, in the stack's state.";
    await launchChanged(session, written, continueWith, async () => {
        const pods = await awaitPods(kubectl, dependents, before);
        console.log(
            `\nThe ${secretName(one)} is rotated: ${count(pods, "pod")} with the new value, none with the old one. Commit ${file}.`,
        );
    });
}

/**
 * The length of a new value for a key.
 *
 * @throws UserError with what to do instead, if a generated value would be wrong
 */
async function generatedLength(session: Session, one: SecretKey): Promise<number> {
    const { stack } = session;
    const { instance, key, rule } = one;
    const refuse = (why: string): never => {
        throw new UserError(`Nothing was changed: the ${secretName(one)} ${why}`);
    };
    const [unset] = await secretStates(session, [one], one);
    if (unset!.length === undefined) {
        const [now] = await secretStates(session, [one]);
        if (now!.places.length === 0) refuse(`is not used in "${stack}"`);
        refuse(
            "is not generated by Plinth, but shared with or issued by an external service. Change it there first, then:\n" +
                `  ${howToSet(instance, key, stack)} && ./plinth launch ${stack}`,
        );
    }
    const { objects } = await session.rendering();
    if (isOperatorsLogin(objects, unset!.places))
        refuse("cannot be rotated: mariadb-operator logs in with it, and does not change it in the servers");
    return rule.fixed === undefined ? unset!.length! : refuse(`cannot be rotated: ${rule.fixed}`);
}
