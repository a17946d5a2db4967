import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as random from "@pulumi/random";
import { stringify } from "yaml";
import { record } from "../support/record";
import { renderStack } from "../../operations/render/rendering";

/** One measurement a process: `measure.ts program|bare N` prints seconds, resources and the peak of memory. */

async function program(instances: number): Promise<number> {
    const folder = mkdtempSync(join(tmpdir(), "plinth-bench-"));
    try {
        const shops = Array.from({ length: instances }, (_, index) => [
            `shop-${index}`,
            { platform: "opencart", host: `shop-${index}.example.org` },
        ]);
        const config = {
            "plinth:cluster": { context: "bench", sharedStorageClass: "shared" },
            "plinth:defaults": { tls: { mode: "acme", email: "ops@example.org" } },
            "plinth:instances": Object.fromEntries(shops),
        };
        writeFileSync(join(folder, "Pulumi.bench.yaml"), stringify({ config }));
        return (await renderStack("bench", { folder })).resources.length;
    } finally {
        rmSync(folder, { recursive: true });
    }
}

/** As many plain resources of the same kinds, each with a body of ordinary size, and nothing else. */
async function bare(count: number): Promise<number> {
    const labels = { "app.kubernetes.io/name": "bare", "app.kubernetes.io/instance": "bench" };
    const container = {
        name: "main",
        image: "example.org/main:1",
        resources: { requests: { cpu: "100m", memory: "64Mi" } },
        env: [
            { name: "A", value: "1" },
            { name: "B", value: "2" },
        ],
    };
    const { resources } = await record(
        () => {
            const provider = new k8s.Provider("cluster", {});
            const options = { provider };
            for (let index = 0; index < count - 2; index++) {
                const name = `object-${index}`;
                const metadata = { name, namespace: "bench", labels };
                switch (index % 5) {
                    case 0:
                        new k8s.apps.v1.Deployment(
                            name,
                            {
                                metadata,
                                spec: {
                                    selector: { matchLabels: labels },
                                    template: { metadata: { labels }, spec: { containers: [container] } },
                                },
                            },
                            options,
                        );
                        break;
                    case 1:
                        new k8s.core.v1.Service(
                            name,
                            { metadata, spec: { selector: labels, ports: [{ name: "http", port: 80 }] } },
                            options,
                        );
                        break;
                    case 2:
                        new k8s.core.v1.ConfigMap(
                            name,
                            { metadata, data: { "a.conf": "a = 1\n".repeat(100) } },
                            options,
                        );
                        break;
                    case 3:
                        new k8s.core.v1.Secret(
                            name,
                            {
                                metadata,
                                stringData: { password: new random.RandomPassword(name, { length: 32 }).result },
                            },
                            options,
                        );
                        index++;
                        break;
                    default:
                        new k8s.networking.v1.NetworkPolicy(
                            name,
                            {
                                metadata,
                                spec: {
                                    podSelector: { matchLabels: labels },
                                    ingress: [{ from: [{ podSelector: { matchLabels: labels } }] }],
                                },
                            },
                            options,
                        );
                }
            }
            return {};
        },
        { project: "plinth", stack: "bench", config: {} },
    );
    return resources.length;
}

async function main(): Promise<void> {
    const [what, number] = process.argv.slice(2);
    const start = process.hrtime.bigint();
    const resources = await (what === "program" ? program : bare)(Number(number));
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    console.log(JSON.stringify({ seconds, resources, megabytes: Math.round(process.resourceUsage().maxRSS / 1024) }));
}

void main();
