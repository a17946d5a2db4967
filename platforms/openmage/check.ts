import { cachePort } from "../../config/cache";
import { hostsIn } from "../../config/own";
import { mebibytes } from "../../config/quantity";
import { checkOneAdmin, checkUploadLimit } from "../shopChecks";
import { config, type OpenMageConfig, type OpenMageInstance } from "./config";
import { phpMemory, scriptMemory } from "./php";

/** Reports combinations that no schema can refuse, since each value alone is right. */
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
            `"${sessions.host}" is the server of the cache, which is emptied as a whole; sessions need another server, or another port`,
        );
    checkUploadLimit(instance, settings);
    if (webPods === "separate" && instance.cluster.networkPolicy === "off")
        instance.warn(
            "webPods: separate without network policies: every pod of the cluster can have PHP run any script of the shop's",
        );
}

const address = ({ host, port = cachePort }: { readonly host: string; readonly port?: number | undefined }): string =>
    `${host}:${port}`;

function checkHosts(instance: OpenMageInstance, settings: OpenMageConfig): void {
    const seen = new Map<string, string>();
    for (const { key, host } of hostsIn(config.schema, settings)) {
        const other = seen.get(host);
        if (other)
            instance.problem(key, `"${host}" is already the value of ${other}; every site has a host of its own`);
        else seen.set(host, key.join("."));
    }
}

/** The addresses of a store are those of one host, to which all others would lead away. */
function checkStores(instance: OpenMageInstance, { stores }: OpenMageConfig): void {
    const seen = new Map<string, string>();
    for (const [index, { host, code, type }] of stores.entries()) {
        const other = seen.get(`${type} ${code}`);
        if (other)
            instance.problem(
                ["stores", String(index), "code"],
                `"${code}" is already the ${type} of ${other}; every ${type} has one host`,
            );
        else seen.set(`${type} ${code}`, host);
    }
}

/** With less than one request or script may take, the kernel would end PHP without a word. */
function checkMemory(instance: OpenMageInstance, { php: { memoryLimit }, webPods }: OpenMageConfig): void {
    const pools = ["admin", webPods === "shared" ? "frontend" : "frontend-php"];
    for (const [key, { memory }] of Object.entries(instance.config.resources)) {
        const isScript = /^(install|upgrade|cron)$|\.(ready|settings)$/.test(key);
        if (memory === undefined || !(isScript || pools.includes(key))) continue;
        const least = isScript ? scriptMemory("0", memoryLimit) : phpMemory(1, memoryLimit);
        if (mebibytes(memory) < mebibytes(least))
            instance.problem(
                ["resources", key, "memory"],
                `"${memory}" is too little for php.memoryLimit, "${memoryLimit}"; at least ${least}`,
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
                    "has no meaning with adminAccess: private, which publishes no administration; leave out one of the two",
                );
    }
    checkOneAdmin(instance);
}

/** One cache has the whole configuration for all pods: which of them fills it must make no difference. */
function checkEnvironment(instance: OpenMageInstance): void {
    for (const [component, variables] of Object.entries(instance.config.env))
        for (const name of Object.keys(variables))
            if (name.startsWith("OPENMAGE_CONFIG_"))
                instance.problem(
                    ["env", component, name],
                    "is not allowed here; set systemConfig, which reaches every pod: they share one cache of the configuration",
                );
}
