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
    placesOnceSet,
    type SecretKey,
    secretKeys,
    secretName,
    type SecretState,
    secretStates,
} from "../../operations/secrets/secrets";
import { givenValue, newPassword } from "../../operations/secrets/secretValue";
import { launchChanged } from "../../operations/launch/states";
import { count, table } from "../../operations/system/text";
import { checkLocks, ensureStack } from "../../operations/launch/prepare";

export const secrets: Register = (program) => {
    const group = program
        .command("secrets")
        .description("Show which secrets a stack has, set one, or replace one by a new value. No value is ever shown.");
    example(
        group
            .command("list")
            .description("List every secret key: what it is for, whether it is set, and the Secret that holds it.")
            .argument("[stack]", "stack to look at", "dev")
            .argument("[instance]", "this instance's alone")
            .option("--json", "for scripts")
            .action((stack: string, instance: string | undefined, options: { json?: boolean }) =>
                list(stack, instance, options.json ?? false),
            ),
        "secrets list production shop",
    );
    example(
        group
            .command("set")
            .description("Set a secret in the stack's file, encrypted: asks for the value, or reads standard input.")
            .argument("<instance>", "instance that it belongs to, or images for a registry's password")
            .argument("<key>", "one of those that `secrets list` shows")
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
                "Replace a generated password by a new one: sets it, launches, and waits until no pod runs with the old one.",
            )
            .argument("<instance>", "instance that it belongs to")
            .argument("<key>", "one of those that `secrets list` shows")
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
    // Whatever is wrong with the stack is said now: once the value is stored, something was changed.
    const places = await placesOnceSet(session, one);
    await session.engine(true);
    // Nobody shall type a value that could not be stored.
    await session.pulumi();
    const value = await givenValue(stack, one);
    await store(session, one, value);
    if (places.length === 0) console.log(`Nothing in "${stack}" uses it as the stack is now.`);
    console.log(
        `The ${secretName(one)} is set in Pulumi.${stack}.yaml. Nothing is deployed yet: ./plinth launch ${stack}`,
    );
}

/** Puts a value into the stack's file, encrypted by the engine. It goes over standard input, which nobody sees. */
async function store(session: Session, { instance, key }: SecretKey, value: string): Promise<void> {
    await ensureStack(session);
    const pulumi = await session.pulumi();
    await pulumi.read(["config", "set", "--secret", "--path", `plinth:secrets.${instance}.${key}`], { input: value });
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
            `Nothing was changed: nothing that uses ${key} is in the cluster. Bring it up with: ./plinth launch ${stack}`,
        );
    const { path } = session;
    const file = basename(path);
    const written = readFileSync(path, "utf8");
    await store(session, one, newPassword(length, one.rule));
    const goOn =
        `${file} has the new value already. When the cause is gone, go on with: ./plinth launch ${stack}\n` +
        "Or put the file back as it was and launch: the value from before is in it, or, if it was a generated one, in the stack's state.";
    await launchChanged(session, written, goOn, async () => {
        const pods = await awaitPods(kubectl, dependents, before);
        console.log(
            `\nThe ${secretName(one)} is rotated: ${count(pods, "pod")} with the new value, none with the old one. Commit ${file}.`,
        );
    });
}

/**
 * How long a new value of a key has to be.
 *
 * @throws UserError with what to do instead, where a value that is made up would be wrong
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
            "is not generated here: others know it, or gave it. Change it there first, at the external service or with who issued it, then:\n" +
                `  ${howToSet(instance, key, stack)} && ./plinth launch ${stack}`,
        );
    }
    return rule.fixed === undefined ? unset!.length! : refuse(`cannot be rotated: ${rule.fixed}`);
}
