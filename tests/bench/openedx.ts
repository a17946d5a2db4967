import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { table } from "../../operations/system/text";
import { removeSandbox, startSandbox } from "../../sandbox";
import { pythonCommand, scratch } from "../support/tools";
import { Project, type Ran } from "../support/project";

/**
 * `npm run bench:openedx`: deploying Open edX with the real engine against `tutor k8s launch` with the plugins mfe and
 * minio, on one control plane with simulated nodes, in turn in this one run; the figures are medians. Exit code 1 if a
 * goal is missed. It needs the Pulumi CLI on the PATH.
 *
 * What is timed: of Plinth `pulumi up --yes --skip-preview`, of a stack that exists already; of Tutor
 * `tutor k8s launch --non-interactive`, which renders its files, applies them, waits for four Deployments and runs its
 * Jobs one by one. Pods are ready and Jobs done at once on both sides, so that what remains is what each tool does and
 * waits for itself: no image is pulled, no server starts and nothing is migrated.
 */

const repetitions = Number(process.env["REPETITIONS"] ?? 3);
/** As fractions of Tutor's time. */
const goals = { first: 0.6, unchanged: 0.15 } as const;

const stack = "bench";
const namespaces = { plinth: "openedx", tutor: "openedx-tutor" } as const;

type Times = Record<"first" | "unchanged", number[]>;

async function main(): Promise<void> {
    const folder = scratch();
    const sandbox = await startSandbox({ folder: join(folder.path, "sandbox"), progress: () => {} });
    const cluster = { kubeconfig: sandbox.kubeconfig, bin: join(sandbox.kubectl, "..") };
    const project = new Project(cluster);
    const kubectl = (...args: string[]) => execa(sandbox.kubectl, ["--kubeconfig", sandbox.kubeconfig, ...args]);
    const gone = (namespace: string) =>
        kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait", "--timeout=300s");
    const loads: number[] = [];
    const timed = async (into: number[], work: () => Promise<unknown>) => {
        loads.push(loadavg()[0]!);
        const start = process.hrtime.bigint();
        await work();
        into.push(Number(process.hrtime.bigint() - start) / 1e9);
    };
    try {
        const tutor = await pythonCommand("tutor");
        const root = join(folder.path, "tutor");
        mkdirSync(root);
        const settings = { PLUGINS: ["mfe", "minio"], LMS_HOST: "learn.example.org", K8S_NAMESPACE: namespaces.tutor };
        writeFileSync(join(root, "config.yml"), JSON.stringify(settings));
        const env = {
            ...{ PATH: `${cluster.bin}:${process.env["PATH"]}`, KUBECONFIG: cluster.kubeconfig, HOME: folder.path },
            ...{ TUTOR_ROOT: root, TUTOR_PLUGINS_ROOT: join(folder.path, "plugins") },
        };
        const launch = () => execa(tutor, ["k8s", "launch", "--non-interactive"], { env });
        await execa(tutor, ["config", "save"], { env });

        project.write(stack, {
            "plinth:cluster": { context: "plinth-sandbox", metrics: false },
            "plinth:protect": false,
            "plinth:instances": {
                openedx: { platform: "openedx", host: "learn.example.org", tls: { mode: "internal" } },
            },
        });
        const pulumi = async (...args: string[]) => succeeded(await project.pulumi(...args, "--stack", stack));
        const up = () => pulumi("up", "--yes", "--skip-preview", "--suppress-progress");
        succeeded(await project.pulumi("stack", "init", "--no-select", stack));

        const plinths: Times = { first: [], unchanged: [] };
        const tutors: Times = { first: [], unchanged: [] };
        for (let turn = 0; turn < repetitions; turn++) {
            await timed(tutors.first, launch);
            await timed(tutors.unchanged, launch);
            await gone(namespaces.tutor);
            await timed(plinths.first, up);
            await timed(plinths.unchanged, up);
            await pulumi("destroy", "--yes", "--skip-preview");
            await gone(namespaces.plinth);
        }
        report(plinths, tutors, loads);
    } finally {
        await removeSandbox(join(folder.path, "sandbox"));
        project.clean();
        folder.clean();
    }
}

function succeeded(ran: Ran): void {
    if (ran.code !== 0) throw new Error(ran.all);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const spread = (values: readonly number[]): string =>
    `${median(values).toFixed(1)} s (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;

function report(plinths: Times, tutors: Times, loads: readonly number[]): void {
    const kinds = ["first", "unchanged"] as const;
    const ratio = (kind: "first" | "unchanged") => median(plinths[kind]) / median(tutors[kind]);
    console.log(
        table(
            ["deployment", "pulumi up", "tutor k8s launch", "ratio"],
            kinds.map((kind) => [kind, spread(plinths[kind]), spread(tutors[kind]), ratio(kind).toFixed(2)]),
        ),
    );
    console.log(
        `${repetitions} times each; processes that wanted to run: ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`,
    );
    for (const kind of kinds) {
        const isMet = ratio(kind) <= goals[kind];
        console.log(
            `${isMet ? "met" : "MISSED"}: ${kind} deployment, part of Tutor's time: ${ratio(kind).toFixed(2)}, at most ${goals[kind]}`,
        );
        if (!isMet) process.exitCode = 1;
    }
}

void main();
