import type { ContainerArgs, Mount } from "../../components/podArgs";
import { scratchName } from "../../components/scratch";
import type { Conversion } from "./conversion";
import { images } from "./images";
import type { Fill } from "./volumes";

/** A name that DNS cannot have, with what it means: the Service by its name in DNS, an address, or the pod itself. */
export type Host = readonly [written: string, means: string | { readonly address: string } | undefined];

/** What has to be done before the containers of a pod start. */
export interface Preparation {
    /** Names in DNS that appear when others are ready or done. */
    readonly waitsFor: readonly string[];
    readonly hosts: readonly Host[];
    readonly fills: readonly Fill[];
}

const folders = { tools: "/plinth/tools", hosts: "/plinth/hosts", volumes: "/plinth/volumes" } as const;
const tool = `${folders.tools}/busybox`;
const toolMount: Mount = { path: folders.tools, scratch: { size: "8Mi" }, name: "plinth-tools" };
const hostsVolume = { scratch: { size: "1Mi" }, name: "plinth-hosts" } as const;

/** The file in which a container finds names that DNS cannot have. */
export const hostsMount: Mount = { path: "/etc/hosts", ...hostsVolume, file: "hosts" };

const nobody = 65534;
const small = { cpu: "10m", memory: "32Mi" } as const;
/** What Pod Security restricted asks for, in pods that otherwise run as their images do. */
const restricted: NonNullable<ContainerArgs["securityContext"]> = {
    runAsNonRoot: true,
    runAsUser: nobody,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
};

/** The first address of a name, once it has one. */
const functions = `address_of() {
    nslookup "$1" 2>/dev/null | awk '/^Name:/ { found = 1; next } found && /^Address/ { print $NF; exit }'
}
wait_for() {
    until [ -n "$(address_of "$1")" ]; do
        echo "waiting for $1"
        sleep 2
    done
}`;

/**
 * Fills a volume as Docker does: if it is empty, with the owner, the mode and, for HOW copy, the content of the image's
 * directory. A new file system's own directory does not count.
 */
const fillScript = `set -e
b=${tool}
while [ $# -gt 0 ]; do
    how=$1 from=$2 to=$3
    shift 3
    $b rmdir "$to/lost+found" 2>/dev/null || true
    [ -d "$from" ] || continue
    [ -z "$($b ls -A "$to")" ] || continue
    if [ "$how" = copy ]; then $b cp -a "$from/." "$to/" || $b echo "$from could not be copied as a whole"; fi
    $b chown "$($b stat -c %u:%g "$from")" "$to" || true
    $b chmod "$($b stat -c %a "$from")" "$to" || true
done`;

/** Init containers of a pod. They come before those of the project itself. */
export function prepareContainers(
    { instance }: Conversion,
    name: string,
    { waitsFor, hosts, fills }: Preparation,
    image: ContainerArgs["image"],
    user: number | undefined,
    hardened: boolean,
): ContainerArgs[] {
    const fqdn = (service: string) => `${service}.${instance.namespace}.svc.${instance.cluster.domain}`;
    const lines = [
        ...(waitsFor.length + hosts.length > 0 ? [functions] : []),
        ...waitsFor.map((service) => `wait_for ${fqdn(service)}`),
        ...(hosts.length > 0 ? [`cat /etc/hosts > ${folders.hosts}/hosts`] : []),
        ...hosts.flatMap(([written, means]) => [
            ...(typeof means === "string" ? [`wait_for ${fqdn(means)}`] : []),
            `echo "${addressOf(means, fqdn)} ${written}" >> ${folders.hosts}/hosts`,
        ]),
        ...(fills.length > 0 ? [`cp /bin/busybox ${tool}`] : []),
    ];
    if (lines.length === 0) return [];
    const first: ContainerArgs = {
        name: `${name}-prepare`,
        image: images.composeTools,
        command: ["sh", "-c", `set -e\n${lines.join("\n")}`],
        resources: small,
        securityContext: restricted,
        mounts: [
            ...(hosts.length > 0 ? [{ path: folders.hosts, ...hostsVolume }] : []),
            ...(fills.length > 0 ? [toolMount] : []),
        ],
    };
    if (fills.length === 0) return [first];
    const filled = fills.map((fill, index) => ({ ...fill, at: `${folders.volumes}/${index}` }));
    return [
        first,
        {
            name: `${name}-fill`,
            image,
            command: [
                ...[tool, "sh", "-c", fillScript, "fill"],
                ...filled.flatMap(({ mount, copies, at }) => [copies ? "copy" : "own", mount.path, at]),
            ],
            resources: { cpu: "10m", memory: "64Mi" },
            securityContext: hardened
                ? { ...restricted, runAsUser: user ?? nobody }
                : // Files keep the owners that they have in the image.
                  { runAsUser: 0, allowPrivilegeEscalation: false },
            mounts: [toolMount, ...filled.map(({ mount, at }) => scratchAt(mount, at))],
        },
    ];
}

/** What a shell makes an address of. */
function addressOf(means: Host[1], fqdn: (service: string) => string): string {
    if (means === undefined) return "$(hostname -i | cut -d ' ' -f 1)";
    return typeof means === "string" ? `$(address_of ${fqdn(means)})` : means.address;
}

/** The same volume at another path, writable: Docker fills volumes that are mounted read-only, too. */
function scratchAt(mount: Mount, path: string): Mount {
    if ("scratch" in mount) return { ...mount, path, name: scratchName(mount) };
    const { readOnly: _, ...rest } = mount as Extract<Mount, { claim: string }>;
    return { ...rest, path };
}

/** A container that stands for finished work: others see its pod in DNS. */
export const doneContainer: ContainerArgs = {
    name: "done",
    image: images.composeTools,
    command: ["sh", "-c", "trap 'exit 0' TERM\nwhile :; do\n    sleep 3600 &\n    wait $!\ndone"],
    resources: { cpu: "1m", memory: "8Mi" },
    securityContext: restricted,
};
