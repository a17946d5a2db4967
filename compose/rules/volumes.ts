import { posix } from "node:path";
import { type Path, refuse } from "../errors";
import { type Mapping, type Node, made, scalar } from "../node";

const propagations = ["rprivate", "private", "rshared", "shared", "rslave", "slave"];

interface Mount {
    source: string;
    target: string;
    readOnly: boolean;
    noCopy: boolean;
    propagation?: string;
    selinux?: string;
}

/** The long form of `[SOURCE:]TARGET[:OPTIONS]`: Compose specification, 5 "volumes". */
export function longVolume(text: string, { at }: Node, path: Path): Mapping {
    const wrong = (what: string): never =>
        refuse(
            at,
            path,
            `${what} in ${JSON.stringify(text)}; allowed: [SOURCE:]TARGET[:OPTIONS], such as data:/var/lib/data:ro`,
        );
    if (text === "") wrong("there is no target");
    // So short, it is a target, whatever it contains.
    if (Buffer.byteLength(text) <= 2) return made({ type: scalar("volume", at), target: scalar(clean(text), at) }, at);
    const mount: Mount = { source: "", target: "", readOnly: false, noCopy: false };
    const parts = partsOf(text);
    parts.forEach((part, i) => {
        const isLast = i === parts.length - 1;
        if (part === "") wrong("something between two colons is missing");
        else if (mount.source === "" && isLast) mount.target = part;
        else if (mount.source === "") mount.source = part;
        else if (mount.target === "") mount.target = part;
        else if (!isLast) wrong("there are too many colons");
        else for (const option of part.split(",")) set(mount, option);
    });
    const isBind = isPath(mount.source);
    const text_ = (value: string | undefined) => (value ? scalar(value, at) : undefined);
    const flag = (value: boolean) => (value ? scalar(true, at) : undefined);
    const bind = made(
        {
            selinux: text_(mount.selinux),
            propagation: text_(mount.propagation),
            create_host_path: flag(isBind),
        },
        at,
    );
    return made(
        {
            type: scalar(isBind ? "bind" : "volume", at),
            source: text_(mount.source),
            target: mount.target === "" ? undefined : scalar(clean(mount.target), at),
            read_only: flag(mount.readOnly),
            bind: isBind || bind.entries.size > 0 ? bind : undefined,
            volume: !isBind || mount.noCopy ? made({ nocopy: flag(mount.noCopy) }, at) : undefined,
        },
        at,
    );
}

/** Unknown options are ignored, as compose-go does. */
function set(mount: Mount, option: string): void {
    if (option === "ro" || option === "rw") mount.readOnly = option === "ro";
    else if (option === "nocopy") mount.noCopy = true;
    else if (propagations.includes(option)) mount.propagation = option;
    else if (option === "z" || option === "Z") mount.selinux = option;
}

/** Between colons, other than those of `C:` and inside `${…}`. */
function partsOf(text: string): string[] {
    const parts: string[] = [];
    let part = "";
    let inside = 0;
    const characters = [...text];
    for (const [i, character] of characters.entries()) {
        if (character === "$" && characters[i + 1] === "{") inside++;
        else if (character === "}" && inside > 0) inside--;
        else if (character === ":" && inside === 0 && !/^\p{L}$/u.test(part)) {
            parts.push(part);
            part = "";
            continue;
        }
        part += character;
    }
    return inside === 0 ? [...parts, part] : parts;
}

/** Relative to a folder, to the root, to the home, or of Windows; everything else is a volume's name. */
const isPath = (source: string): boolean => /^([./~]|\\\\|\p{L}:)/u.test(source);

/** Go's path.Clean. */
export function clean(path: string): string {
    const normal = posix.normalize(path);
    return normal.length > 1 ? normal.replace(/\/$/, "") : normal;
}
