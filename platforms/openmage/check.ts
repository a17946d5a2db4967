import { cachePort } from "../../config/cache";
import { hostsIn } from "../../config/own";
import { mebibytes } from "../../config/quantity";
import { checkOneAdmin, checkUploadLimit } from "../shopChecks";
import { config, type OpenMageConfig, type OpenMageInstance } from "./config";
import { phpMemory, scriptMemory } from "./php";

/** Reports invalid combinations of values that are valid individually. */
export function check(instance: OpenMageInstance, settings: OpenMageConfig): void {
    checkHosts(instance, settings);
    checkStores(instance, settings);
    checkMemory(instance, settings);
    checkAdministration(instance, settings);
    checkEnvironment(instance);
    const { webPods, cache, sessions } = settings;
    if (cache.topology === "external" && sessions.topology === "external" && address(cache) === address(sessions))
        instance.problem(
            ["sessions", "host"],
            `"${sessions.host}" is the server of the cache, which is emptied as a whole; sessions need a different server or port`,
        );
    checkUploadLimit(instance, settings);
    if (webPods === "separate" && instance.cluster.networkPolicy === "off")
        instance.warn(
            "webPods: separate without network policies: every pod of the cluster can make PHP run any script of the shop",
        );
}

const address = ({ host, port = cachePort }: { readonly host: string; readonly port?: number | undefined }): string =>
    `${host}:${port}`;

function checkHosts(instance: OpenMageInstance, settings: OpenMageConfig): void {
    const seen = new Map<string, string>();
    for (const { key, host } of hostsIn(config.schema, settings)) {
        const other = seen.get(host);
        if (other) instance.problem(key, `"${host}" is already the value of ${other}; every site needs its own host`);
        else seen.set(host, key.join("."));
    }
}

/** A store's URLs have a single host, to which all its other hosts would redirect. */
function checkStores(instance: OpenMageInstance, { stores }: OpenMageConfig): void {
    const seen = new Map<string, string>();
    for (const [index, { host, code, type }] of stores.entries()) {
        const other = seen.get(`${type} ${code}`);
        if (other)
            instance.problem(
                ["stores", String(index), "code"],
                `"${code}" is already the ${type} of ${other}; each ${type} can only have one host`,
            );
        else seen.set(`${type} ${code}`, host);
    }
}

/** With less memory than one request or script may use, the kernel would silently kill PHP. */
function checkMemory(instance: OpenMageInstance, { php: { memoryLimit }, webPods }: OpenMageConfig): void {
    const pools = ["admin", webPods === "shared" ? "frontend" : "frontend-php"];
    for (const [key, { memory }] of Object.entries(instance.config.resources)) {
        const isScript = /^(install|upgrade|cron)$|\.(ready|settings)$/.test(key);
        if (memory === undefined || !(isScript || pools.includes(key))) continue;
        const least = isScript ? scriptMemory("0", memoryLimit) : phpMemory(1, memoryLimit);
        if (mebibytes(memory) < mebibytes(least))
            instance.problem(
                ["resources", key, "memory"],
                `"${memory}" is too little for php.memoryLimit, "${memoryLimit}"; allowed: at least ${least}`,
            );
    }
}

function checkAdministration(instance: OpenMageInstance, { adminAccess, adminHost, adminAllow }: OpenMageConfig): void {
    if (adminAccess === "private") {
        const meaningless = { adminHost: adminHost !== undefined, adminAllow: adminAllow.length > 0 };
        for (const [key, isSet] of Object.entries(meaningless))
            if (isSet)
                instance.problem(
                    [key],
                    "has no effect with adminAccess: private, which does not publish the administration; remove one of the two",
                );
    }
    checkOneAdmin(instance);
}

/** One cache holds the whole configuration for all pods, so it must not matter which of them fills it. */
function checkEnvironment(instance: OpenMageInstance): void {
    for (const [component, variables] of Object.entries(instance.config.env))
        for (const name of Object.keys(variables))
            if (name.startsWith("OPENMAGE_CONFIG_"))
                instance.problem(
                    ["env", component, name],
                    "is not allowed here; set systemConfig, which applies to all pods, because they share one cache of the configuration",
                );
}
