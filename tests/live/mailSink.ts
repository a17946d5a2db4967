import type { ControlPlane } from "../support/controlPlane";
import { LiveNamespace, restricted, waitFor } from "./cluster";

/** An interpreter in one of the application's images, which every cluster of the application has. */
export interface Interpreter {
    readonly language: keyof typeof programs;
    /** Name of the image without registry and tag. */
    readonly image: string;
}

/** Accepts every mail and prints each line that it reads. Takes any login. */
const programs = {
    php: [
        "php",
        "-r",
        `$server = stream_socket_server('tcp://0.0.0.0:25') or exit(1);
        while (true) {
            if (!$client = @stream_socket_accept($server, -1)) continue;
            stream_set_timeout($client, 20);
            $say = fn (string $line) => fwrite($client, $line . "\\r\\n");
            $say('220 sink');
            $body = false;
            while (($line = fgets($client)) !== false) {
                echo rtrim($line), "\\n";
                if ($body) { if (rtrim($line) === '.') { $body = false; $say('250 kept'); } continue; }
                $verb = strtoupper(substr($line, 0, 4));
                if ($verb === 'EHLO') $say("250-sink\\r\\n250 AUTH LOGIN PLAIN");
                elseif ($verb === 'AUTH' && trim(substr($line, 4)) === 'LOGIN') { $say('334 VXNlcm5hbWU6'); fgets($client); $say('334 UGFzc3dvcmQ6'); fgets($client); $say('235 welcome'); }
                elseif ($verb === 'AUTH') $say('235 welcome');
                elseif ($verb === 'DATA') { $body = true; $say('354 go on'); }
                elseif ($verb === 'QUIT') { $say('221 bye'); break; }
                else $say('250 ok');
            }
            fclose($client);
        }`,
    ],
    python: [
        "python",
        "-uc",
        `import socketserver
class Client(socketserver.StreamRequestHandler):
    timeout = 20
    def say(self, line):
        self.wfile.write(line.encode() + b"\\r\\n")
    def handle(self):
        self.say("220 sink")
        body = False
        for raw in self.rfile:
            line = raw.decode(errors="replace").rstrip()
            print(line)
            verb = line[:4].upper()
            if body:
                body = line != "."
                if not body: self.say("250 kept")
            elif verb == "EHLO": self.say("250-sink\\r\\n250 AUTH PLAIN")
            elif verb == "AUTH": self.say("235 welcome")
            elif verb == "DATA":
                body = True
                self.say("354 go on")
            elif verb == "QUIT":
                self.say("221 bye")
                break
            else: self.say("250 ok")
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", 25), Client).serve_forever()`,
    ],
} as const;

/** Lets everybody listen on ports below 1024; one of the few that every node permits. */
const anyPort = { name: "net.ipv4.ip_unprivileged_port_start", value: "0" };

/** A mail server in a namespace of its own, for an application that sends mail to `host` on port 25. */
export class MailSink {
    private readonly place: LiveNamespace;

    constructor(
        cluster: ControlPlane,
        private readonly namespace: string,
    ) {
        this.place = new LiveNamespace(cluster, namespace);
    }

    get host(): string {
        return `mail.${this.namespace}.svc.cluster.local`;
    }

    /** @param image reference of an image with that language's interpreter */
    async start(language: Interpreter["language"], image: string): Promise<void> {
        const { namespace } = this;
        const labels = { "app.kubernetes.io/name": "mail" };
        await this.place.apply(
            { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
            {
                apiVersion: "v1",
                kind: "Service",
                metadata: { name: "mail", namespace },
                spec: { selector: labels, ports: [{ port: 25 }] },
            },
            {
                apiVersion: "v1",
                kind: "Pod",
                metadata: { name: "mail", namespace, labels },
                spec: {
                    automountServiceAccountToken: false,
                    // Policies of the instance look at the pod's port.
                    securityContext: { ...restricted.pod, sysctls: [anyPort] },
                    containers: [
                        {
                            name: "mail",
                            image,
                            command: programs[language],
                            securityContext: restricted.container,
                            readinessProbe: { tcpSocket: { port: 25 }, periodSeconds: 2 },
                            resources: { requests: { cpu: "10m", memory: "32Mi" } },
                        },
                    ],
                },
            },
        );
        await this.place.ready("mail", 1);
    }

    /** Waits until a line that matches has been received. @returns that line */
    async received(pattern: RegExp, seconds = 60): Promise<string> {
        let found: string | undefined;
        await waitFor(`mail with ${pattern}`, seconds, async () => {
            const lines = (await this.place.kubectl("logs", "mail", "--tail=-1")).split("\n");
            found = lines.find((line) => pattern.test(line));
            return found !== undefined;
        });
        return found!;
    }

    async remove(): Promise<void> {
        await this.place.kubectl("delete", "namespace", this.namespace, "--ignore-not-found", "--wait=false");
    }
}
