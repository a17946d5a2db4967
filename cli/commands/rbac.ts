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
                "Print an account with the least rights to deliver a stack, as YAML.\n\nAn administrator applies it for continuous delivery. The rights cover the kinds and namespaces of the stack's objects and nothing else. Requires only Node.",
            )
            .argument("[stack]", "stack to deliver", "dev")
            .option(
                "--preview-only",
                "an account for merge requests, whose writes the API server only accepts as dry runs",
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

/** The stack with all instances running, because a stopped instance may be started again. */
async function running(session: Session): Promise<Rendering> {
    const key = "plinth:instances";
    const instances = JSON.parse(session.file().config[key] ?? "{}") as Record<string, object>;
    const started = Object.entries(instances).map(([name, written]) => [name, { ...written, state: "running" }]);
    return session.renderWith({ config: { [key]: JSON.stringify(Object.fromEntries(started)) } });
}
