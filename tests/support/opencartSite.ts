import { nginxConf } from "../../platforms/opencart/nginx";
import { fpmConf, phpIni } from "../../platforms/opencart/php";
import { scripts } from "../../platforms/opencart/scripts";
import type { SiteArgs } from "./site";

/** What a web pod of a small OpenCart is rendered with. */
export const opencartConf = (role: "frontend" | "admin"): SiteArgs["conf"] => ({
    nginx: nginxConf({ role, adminPath: "admin", maxBody: "1Mi", bodies: 2, timeoutSeconds: 60 }),
    php: {
        "php-fpm.conf": fpmConf({ maxChildren: 2, timeoutSeconds: 60 }),
        "opencart.ini": phpIni({ memoryLimit: "64Mi", uploadLimit: "8Mi", timeoutSeconds: 60, mutableCode: true }),
        "guard.php": scripts["guard.php"],
    },
});
