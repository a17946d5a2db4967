import { example, type Register } from "../command";
import { objectYaml } from "../../operations/render/manifests";
import { accessObjects } from "../../operations/doctor/rbac";
import type { Rendering } from "../../operations/render/rendering";
import { Session } from "../../operations/session";

export const rbac: Register = (program) => {
    example(
        program
            .command("rbac")
            .description(
                "Write the account for continuous delivery and the least rights that it needs as YAML, for an administrator to apply: what the stack's objects are, where they are, and nothing else. Needs Node only.",
            )
            .argument("[stack]", "stack that is delivered", "dev")
            .option(
                "--preview-only",
                "an account for merge requests, whose writes the API server takes as dry runs only",
            )
            .action(async (stack: string, { previewOnly = false }: { previewOnly?: boolean }) => {
                const session = new Session(stack);
                const rendering = await session.rendering();
                const objects = [...rendering.objects, ...(await running(session)).objects];
                const all = accessObjects({ ...rendering, objects }, previewOnly);
                process.stdout.write(all.map((object) => `---\n${objectYaml(object)}`).join(""));
            }),
        "rbac production | kubectl apply --filename -",
        "rbac production --preview-only | kubectl apply --filename -",
    );
};

/** The stack with everything running: who stops an instance wants to start it again. */
async function running(session: Session): Promise<Rendering> {
    const key = "plinth:instances";
    const instances = JSON.parse(session.file().config[key] ?? "{}") as Record<string, object>;
    const started = Object.entries(instances).map(([name, written]) => [name, { ...written, state: "running" }]);
    return session.renderWith({ config: { [key]: JSON.stringify(Object.fromEntries(started)) } });
}
