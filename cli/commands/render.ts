import { isMissing } from "../../operations/engine/engine";
import { example, type Register } from "../command";
import { UserError } from "../../operations/system/errors";
import { streamOf, writeRendering } from "../../operations/render/manifests";
import { openSession } from "../../operations/launch/sandbox";
import { Session } from "../../operations/session";

export const render: Register = (program) => {
    example(
        program
            .command("render")
            .description(
                "Render every object of a stack as YAML, with a kustomization.yaml.\n\nThese are the objects that `pulumi up` would send. The kustomization leaves out Secrets whose values are placeholders. Requires only Node.",
            )
            .argument("[stack]", "stack to render", "dev")
            .option("--out <dir>", "folder for one file per object (default: everything to standard output)")
            .option(
                "--show-secrets",
                "real values of generated and configured secrets, from the stack's state (needs the Pulumi CLI)",
            )
            .action(async (stack: string, options: { out?: string; showSecrets?: boolean }) => {
                const real = options.showSecrets ?? false;
                const session = real ? await openSession(stack) : new Session(stack);
                const rendering = await (real
                    ? session.renderWith({ ...(await secretsOf(session)), showSecrets: true })
                    : session.rendering());
                if (!options.out) {
                    process.stdout.write(streamOf(rendering, real));
                    return;
                }
                const files = writeRendering(rendering, options.out, real);
                console.log(
                    `${files.length} objects in ${options.out}; use it as the base of an overlay, or: kubectl diff --kustomize ${options.out}`,
                );
                if (!real)
                    console.log(
                        "Secrets are written for review but not listed in the kustomization: their values are placeholders (see --show-secrets).",
                    );
            }),
        "render production --out out",
        "render dev | kubectl diff --filename -",
    );
};

/** Generated values of a launched stack, by resource name, and its configuration with secrets decrypted. */
async function secretsOf(
    session: Session,
): Promise<{ generated: Record<string, string>; config: Record<string, string> }> {
    const engine = await session.engine();
    if (isMissing(engine)) throw new UserError(`--show-secrets needs ${engine.what}\n  ${engine.remedy}`);
    const pulumi = await session.pulumi();
    const failed = `The secrets of "${session.stack}" could not be read`;
    const state = await pulumi.read(["stack", "export", "--show-secrets"], { failed });
    const values = await pulumi.read(["config", "--show-secrets", "--json"], { failed });
    const exported = JSON.parse(state) as {
        deployment: { resources?: { urn: string; type: string; outputs?: { result?: Exported } }[] };
    };
    const generated = (exported.deployment.resources ?? []).flatMap(({ urn, type, outputs }) =>
        type.startsWith("random:") && outputs?.result
            ? [[urn.slice(urn.lastIndexOf("::") + 2), plain(outputs.result)] as const]
            : [],
    );
    const config = Object.entries(JSON.parse(values) as Record<string, { value: string }>).map(
        ([key, { value }]) => [key, value] as const,
    );
    return { generated: Object.fromEntries(generated), config: Object.fromEntries(config) };
}

/** A value in exported state: as is, or as JSON if it was encrypted. */
type Exported = string | { readonly plaintext: string };

const plain = (value: Exported): string =>
    typeof value === "string" ? value : (JSON.parse(value.plaintext) as string);
