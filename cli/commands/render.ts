import { isMissing } from "../../operations/engine/engine";
import { example, type Register } from "../command";
import { UserError } from "../../operations/system/errors";
import { streamOf, writeRendering } from "../../operations/render/manifests";
import { standalone } from "../../operations/compose/standalone";
import { renderGiven, type Rendering } from "../../operations/render/rendering";
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
            .option(
                "--compose <file...>",
                "render this Docker Compose project instead of a stack; with --show-secrets its secret values are real",
            )
            .action(async (stack: string, options: RenderOptions) => {
                const real = options.showSecrets ?? false;
                if (options.compose) {
                    const given = { ...standalone({ files: options.compose }), hidesSecrets: !real };
                    const rendering = renderGiven(given);
                    for (const warning of rendering.outputs.warnings) console.error(warning);
                    return write(rendering, options.out, real);
                }
                const session = real ? await openSession(stack) : new Session(stack);
                const rendering = await (real
                    ? session.renderWith({ ...(await secretsOf(session)), showSecrets: true })
                    : session.rendering());
                write(rendering, options.out, real);
            }),
        "render production --out out",
        "render dev | kubectl diff --filename -",
        "render --compose compose.yaml --out out",
    );
};

interface RenderOptions {
    readonly out?: string;
    readonly showSecrets?: boolean;
    readonly compose?: readonly string[];
}

function write(rendering: Rendering, out: string | undefined, real: boolean): void {
    if (!out) {
        process.stdout.write(streamOf(rendering, real));
        return;
    }
    const files = writeRendering(rendering, out, real);
    console.log(
        `${files.length} objects in ${out}; use it as the base of an overlay, or: kubectl diff --kustomize ${out}`,
    );
    if (!real)
        console.log(
            "Secrets are written for review but not listed in the kustomization: their values are placeholders (see --show-secrets).",
        );
}

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
