import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";

/**
 * The fields of Kubernetes' own kinds, from the OpenAPI description in its Go module. Run `npm run fields` to write
 * them to components/kubernetesFields.json when the module's version changes.
 */

/** A part of the OpenAPI description: https://swagger.io/specification/v2/#schema-object */
interface Definition {
    readonly $ref?: string;
    readonly type?: string;
    readonly format?: string;
    readonly items?: Definition;
    readonly additionalProperties?: Definition;
    readonly properties?: Readonly<Record<string, Definition>>;
    readonly required?: readonly string[];
    /** Fields that identify an item of a list. */
    readonly "x-kubernetes-list-map-keys"?: readonly string[];
    readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
}

export interface KubernetesFields {
    /** Type of each kind, by `<apiVersion> <kind>`. */
    readonly kinds: Readonly<Record<string, string>>;
    /**
     * Of each type its fields, `name:type` with blanks between; `!` stands behind those that it must have. A
     * list of types is `[]type`, or `[port,protocol]type` if its items must differ in these fields.
     */
    readonly types: Readonly<Record<string, string>>;
}

/** Groups that users deploy, not those that only the cluster itself writes. */
const groups = ["", "apps", "batch", "networking.k8s.io", "policy", "autoscaling", "rbac.authorization.k8s.io"];
const single = ["StorageClass", "PriorityClass", "EndpointSlice"];
const foreign = ["Node", "Event", "Binding", "Eviction", "Scale", "Status", "ComponentStatus", "Endpoints"];

export function kubernetesFields(definitions: Readonly<Record<string, Definition>>): KubernetesFields {
    const types: Record<string, string> = {};
    const nameOf = (reference: string) => reference.slice(reference.lastIndexOf("/") + 1);

    function typeOf(definition: Definition): string {
        const { $ref, type, format, items, additionalProperties } = definition;
        if ($ref !== undefined) {
            const name = nameOf($ref);
            const { type: plain, format: special, properties } = definitions[name]!;
            if (plain === "string")
                return special === "int-or-string" ? special : name.endsWith(".Quantity") ? "quantity" : plain;
            return properties ? visit(name) : "any";
        }
        if (items) return `[${(definition["x-kubernetes-list-map-keys"] ?? []).join(",")}]${typeOf(items)}`;
        if (additionalProperties) return `{}${typeOf(additionalProperties)}`;
        return type === "object" || type === undefined ? "any" : format?.startsWith("int") ? format : type;
    }

    /** Full names of the types visited so far, by short name. */
    const visited = new Map<string, string>();

    function visit(name: string): string {
        const parts = name.split(".");
        const isFree = (short: string) => [undefined, name].includes(visited.get(short));
        // Versions of one kind have types with the same short names.
        const short = [parts.at(-1)!, parts.slice(-2).join(".")].find(isFree)!;
        if (visited.has(short)) return short;
        visited.set(short, name);
        types[short] = "";
        const { properties = {}, required = [] } = definitions[name]!;
        types[short] = Object.entries(properties)
            .filter(([field]) => field !== "status" || !("spec" in properties))
            .map(([field, definition]) => `${field}${required.includes(field) ? "!" : ""}:${typeOf(definition)}`)
            .join(" ");
        return short;
    }

    const kinds = Object.entries(definitions).flatMap(([name, definition]) =>
        (definition["x-kubernetes-group-version-kind"] ?? [])
            .filter(
                ({ version, kind }) =>
                    /^v\d+$/.test(version) && "metadata" in (definition.properties ?? {}) && !kind.endsWith("List"),
            )
            .filter(({ group, kind }) => (groups.includes(group) && !foreign.includes(kind)) || single.includes(kind))
            .map(({ group, version, kind }) => [`${group ? `${group}/` : ""}${version} ${kind}`, name] as const),
    );
    return { kinds: Object.fromEntries(kinds.map(([kind, name]) => [kind, visit(name)])), types };
}

/** Reads the fields from the module that the control plane is built from. */
export async function readFields(): Promise<KubernetesFields> {
    const cwd = join(__dirname, "control-plane");
    const { stdout } = await execa("go", ["list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"], { cwd });
    const text = readFileSync(join(stdout.trim(), "api", "openapi-spec", "swagger.json"), "utf8");
    return kubernetesFields((JSON.parse(text) as { definitions: Record<string, Definition> }).definitions);
}

export const fieldsPath = join(__dirname, "..", "components", "kubernetesFields.json");

if (require.main === module)
    void readFields().then((fields) => writeFileSync(fieldsPath, `${JSON.stringify(fields, null, 4)}\n`));
