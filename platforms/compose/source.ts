import { dirname, isAbsolute, join } from "node:path";
import { loadProject, type LoadedProject, pathText, placeText } from "../../compose";
import type { InstanceFacts } from "../../config/facts";
import type { ReadFrom } from "../../config/platform";
import type { SecretRules } from "../../config/secrets";
import type { ComposeConfig } from "./config";
import { type Extensions, readExtensions } from "./extensions";
import { type Binds, readBinds } from "./binds";
import { type DataServices, readDataServices } from "./dataServices";
import { composeImages } from "./serviceImages";
import { type FileTexts, readFileTexts } from "./fileObjects";
import { peerNames, type PeerName } from "./names";
import { containersOf, isProvided } from "./jobs";
import { Notes } from "./notes";
import { podSecurityOf } from "./permissions";
import { looksSecret, marker, SecretPlan } from "./secrets";
import { networksOf, PeerTexts } from "./texts";
import { type ContainerTexts, learnSecrets, readTexts } from "./variables";
import type { Image } from "../../config/images";

/** A project as it was read, with everything that follows from its texts alone. */
export interface Source {
    readonly loaded: LoadedProject;
    readonly extensions: Extensions;
    readonly names: readonly PeerName[];
    readonly images: Readonly<Record<string, Image>>;
    readonly texts: Readonly<Record<string, ContainerTexts>>;
    readonly binds: Binds;
    readonly files: FileTexts;
    readonly data: DataServices;
    readonly lacking: readonly Lacking[];
    /** What was noticed so far. */
    readonly notes: Notes;
}

/** A secret variable of the project without a value. */
export interface Lacking {
    /** Key under which the user may set it. */
    readonly key: string;
    /** Whether the project demands one. Otherwise it is empty. */
    readonly isRequired: boolean;
    /** Where it stands. */
    readonly where: string;
}

/**
 * Reads the project of an instance, finds what of it is secret, and writes names so that the cluster knows them.
 *
 * @throws ConfigError with file, line, service and key
 */
export function readSource(settings: ComposeConfig, { folder, set }: ReadFrom): InstanceFacts & { source: Source } {
    const within = (path: string) => (isAbsolute(path) ? path : join(folder, path));
    const files = settings.file.map(within);
    const variables = Object.fromEntries(
        set.filter((key) => /^[A-Za-z_]\w*$/.test(key)).map((key) => [key, marker(key)]),
    );
    const lacking: Lacking[] = [];
    const read = loadProject({
        folder: dirname(files[0]!),
        files,
        shownFrom: folder,
        profiles: settings.profiles,
        envFiles: settings.envFiles.map(within),
        env: { ...settings.variables, ...variables },
        name: settings.name,
        lacking: (key, isRequired, { place, path }) => {
            if (!looksSecret(key)) return undefined;
            lacking.push({ key, isRequired, where: `${placeText(place)}: ${pathText(path)}` });
            return isRequired ? marker(key) : undefined;
        },
    });
    const loaded = containersOf(read);
    const isJob = (name: string) => Object.hasOwn(loaded.project.jobs ?? {}, name);
    const notes = new Notes(loaded.sources, settings.strict, isJob);
    for (const { path, message } of loaded.warnings) notes.warn(path, message);
    for (const [name, service] of Object.entries(read.project.services))
        if (isProvided(service))
            notes.warn(
                ["services", name, "provider"],
                "has no counterpart: Docker Compose runs it on its machine, and it has no container",
            );
    const extensions = readExtensions(loaded, notes);
    const names = peerNames(loaded);
    const peers = new PeerTexts(names, (service) => networksOf(loaded, service));
    const secrets = new SecretPlan(loaded);
    learnSecrets(loaded, extensions, secrets);
    const texts = readTexts(loaded, extensions, secrets, peers);
    const binds = readBinds(loaded, extensions, settings, notes);
    const fileTexts = readFileTexts(loaded, binds, secrets, peers, notes);
    const images = composeImages(loaded, extensions, notes);
    const data = readDataServices(loaded.project.services, extensions, texts, images, set, notes);
    notes.throwIfAny();
    // So that they can be set, although nothing has a value that would show what they are.
    const unset = lacking.map(({ key }) => [key, { purpose: `Variable ${key} of the Compose project`, lines: true }]);
    return {
        secrets: { ...(Object.fromEntries(unset) as SecretRules), ...secrets.rules, ...data.rules },
        values: {
            ...{ ...secrets.values, ...data.values },
            // Nothing is deployed without them; until then they are like texts.
            ...Object.fromEntries(
                lacking.filter(({ isRequired }) => isRequired).map(({ key }) => [key, { parts: [""] }]),
            ),
        },
        images,
        podSecurity: podSecurityOf(loaded, extensions, settings),
        source: { loaded, extensions, names, images, texts, binds, files: fileTexts, data, lacking, notes },
    };
}
