import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { measure } from "./measure";

/** `bare.ts N` registers N plain resources on the SDK's mock monitor: each with a body of ordinary size, and nothing else. */
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
    let resources = 0;
    await pulumi.runtime.setMocks(
        {
            call: ({ inputs }) => inputs as Record<string, unknown>,
            newResource: ({ name, inputs }) => {
                resources++;
                return { id: `${name}-id`, state: inputs as Record<string, unknown> };
            },
        },
        "plinth",
        "bench",
        false,
    );
    // The SDK records a stack trace for each of its promises, which would take half as long again.
    Error.stackTraceLimit = 1;
    await pulumi.runtime.runInPulumiStack(async () => {
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
                    new k8s.core.v1.ConfigMap(name, { metadata, data: { "a.conf": "a = 1\n".repeat(100) } }, options);
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
    });
    await pulumi.runtime.disconnect();
    return resources;
}

void measure(bare);
