import { publicHostOf, publicUrl } from "../publicUrl";
import type { OpenedxConfig, OpenedxInstance } from "./config";
import { brokenLine } from "./pythonLines";
import { sizes } from "./sizes";

/** Reports what the schema cannot refuse. */
export function check(instance: OpenedxInstance, settings: OpenedxConfig): void {
    const { host, mfeHost, studioHost } = settings;
    if (!mfeHost.endsWith(`.${host}`))
        instance.problem(
            ["mfeHost"],
            `"${mfeHost}" is not allowed, because browsers send the LMS's cookies to hosts below ${host} only; allowed: apps.${host} or another host below it`,
        );
    const { search, objectStorage } = settings;
    const hosts = {
        host,
        studioHost,
        mfeHost,
        "search.publicHost": publicHostOf(search),
        "objectStorage.publicHost": publicHostOf(objectStorage),
    };
    const taken = new Map<string, string>();
    for (const [key, one] of Object.entries(hosts)) {
        if (one === undefined) continue;
        const other = taken.get(one);
        if (other !== undefined)
            instance.problem(key.split("."), `"${one}" is already its ${other}; allowed: a host of its own`);
        taken.set(one, key);
    }
    for (const one of [host, studioHost, mfeHost])
        if (/:\d+$/.test(publicUrl(instance, one)))
            instance.problem(
                ["edge"],
                `its ports are not allowed, because Open edX's own addresses have none; allowed: 80 and 443, or a NodePort that Kubernetes chooses, behind your own balancer`,
            );
    const studios = settings.replicas["cms"] ?? sizes[settings.size].cms;
    if ((typeof studios === "number" ? studios : studios.max) > 1)
        instance.warn(
            "with several pods of cms, imports of courses above 20 MB may fail: their parts reach different pods, each with a directory of its own",
        );
    for (const [layer, { python }] of Object.entries(settings.settings)) {
        const broken = brokenLine(python);
        if (broken !== undefined)
            instance.problem(
                ["settings", layer, "python", broken],
                `"${python[broken]}" does not parse; allowed: lines that are Python together, such as a = 1`,
            );
    }
}
