import { checkProject, type ProjectReport } from "../../operations/compose/check";
import { count, table } from "../../operations/system/text";
import { example, type Register } from "../command";

interface CheckOptions {
    readonly profile?: readonly string[];
    readonly envFile?: readonly string[];
    readonly strict?: boolean;
    readonly json?: boolean;
}

export const compose: Register = (program) => {
    const group = program.command("compose").description("Tell what becomes of Docker Compose projects.");
    example(
        group
            .command("check")
            .description(
                "Tell what becomes of each service, volume, port and key of a Compose project.\n\nNeeds no stack, and writes nothing. Exit code 1 if something is refused.",
            )
            .argument("[file...]", "Compose files, each laid over those before it", ["compose.yaml"])
            .option("--profile <name...>", "profiles to activate")
            .option("--env-file <file...>", "files of variables (default: .env beside the first file)")
            .option("--strict", "refuse what has no counterpart")
            .option("--json", "for scripts")
            .action(check),
        "compose check",
        "compose check compose.yaml compose.production.yaml --profile mail",
    );
};

function check(files: readonly string[], { profile, envFile, strict, json = false }: CheckOptions): void {
    const report = checkProject({
        files,
        settings: {
            ...(profile ? { profiles: profile } : {}),
            ...(envFile ? { envFiles: envFile } : {}),
            ...(strict ? { strict } : {}),
        },
    });
    console.log(json ? JSON.stringify(report, null, 2) : reportText(report));
}

function reportText({ services, volumes, built, secrets, disabled, warnings, objects }: ProjectReport): string {
    const fits = services.filter(({ lacks }) => lacks.length === 0).map(({ service }) => service);
    return [
        table(
            ["service", "becomes", "is called", "volumes"],
            services.map(({ service, becomes, names, claims }) => [
                service,
                becomes,
                names.join(" "),
                claims.join(", "),
            ]),
        ),
        ...(volumes.length > 0 ? [table(["volume", "size", "access"], volumes)] : []),
        ...(built.length > 0
            ? [
                  `Built by ./plinth images build, push or load, under plinth:images.registry:\n${built.map((image) => `  ${image}`).join("\n")}`,
              ]
            : []),
        ...(secrets.length > 0 ? [`Secret values, which plinth:secrets may set: ${secrets.join(", ")}`] : []),
        ...(disabled.length > 0 ? [`In other profiles: ${disabled.join(", ")}`] : []),
        `Pod Security restricted, with x-plinth.hardened: ${fits.length > 0 ? fits.join(", ") : "none"}`,
        ...(warnings.length > 0
            ? [`Without counterpart, or left to decide:\n${warnings.map((warning) => `  ${warning}`).join("\n")}`]
            : []),
        `${count(objects, "object")}; write them with: ./plinth render --compose FILE --out DIR`,
    ].join("\n\n");
}
