import { Command } from "commander";
import { version } from "../package.json";
import { backup } from "./commands/backup";
import { compose } from "./commands/compose";
import { config } from "./commands/config";
import { data } from "./commands/data";
import { database } from "./commands/database";
import { dev } from "./commands/dev";
import { dns } from "./commands/dns";
import { doctor } from "./commands/doctor";
import { drift } from "./commands/drift";
import { exec } from "./commands/exec";
import { forget } from "./commands/forget";
import { images } from "./commands/images";
import { importing } from "./commands/import";
import { instance } from "./commands/instance";
import { launch } from "./commands/launch";
import { logs } from "./commands/logs";
import { open } from "./commands/open";
import { pin } from "./commands/pin";
import { preview } from "./commands/preview";
import { purge } from "./commands/purge";
import { rbac } from "./commands/rbac";
import { render } from "./commands/render";
import { restart } from "./commands/restart";
import { review } from "./commands/review";
import { run } from "./commands/run";
import { sandbox } from "./commands/sandbox";
import { secrets } from "./commands/secrets";
import { start } from "./commands/start";
import { status } from "./commands/status";
import { stop } from "./commands/stop";
import { volumes } from "./commands/volumes";

/** The whole command-line interface, without running it. */
export const program = new Command("plinth")
    .description(
        "Complete web platforms on Kubernetes: a thin layer over pulumi and kubectl that prints their commands.",
    )
    .version(version)
    .showHelpAfterError("(see --help)")
    // Lists of commands show only the first line of each description.
    .configureHelp({ showGlobalOptions: true, subcommandDescription: (one) => one.description().split("\n")[0]! });

// In the order of the help.
for (const register of [
    render,
    preview,
    review,
    launch,
    dev,
    images,
    pin,
    instance,
    importing,
    compose,
    config,
    secrets,
    doctor,
    rbac,
    dns,
    status,
    volumes,
    logs,
    exec,
    run,
    open,
    restart,
    stop,
    start,
    purge,
    forget,
    data,
    database,
    backup,
    drift,
    sandbox,
])
    register(program);
