import { wholeFile } from "../../../components/languages/text";
import type { Mount, PodArgs } from "../../../components/podArgs";
import { drainSeconds } from "../../../components/webTier";
import { mebibytes } from "../../../config/quantity";
import { scratch } from "../../webPod";
import { paths, ports, users } from "../paths";
import type { Suite } from "../suite";
import { socketProbes } from "./web";

/** The web services of chemistry for CTS: one Tomcat with both, or one for each. */
export type TomcatName = "qed-tomcat" | "ctsws" | "jchemws";

/** Where ChemAxon's programs look for their license, whatever the user's home directory is. */
const license = "/opt/chemaxon/license.cxl";

export function tomcatPod(suite: Suite, name: TomcatName): PodArgs {
    const { instance, size, volumes } = suite;
    const licensed = instance.secretValue("chemaxonLicense");
    const file =
        licensed &&
        instance.secret(instance.owner, `${name}-license`, { "license.cxl": licensed.map(wholeFile) })["license.cxl"];
    const { memory } = size.tomcat;
    // Its own libraries and threads are beside the heap.
    const heap = Math.floor(mebibytes(instance.resources(name, size.tomcat).memory ?? memory) * 0.65);
    const own = name === "qed-tomcat" ? ownServer(suite) : [];
    const webapps = name === "qed-tomcat" ? volumes.single("tomcat-webapps") : undefined;
    return {
        user: users.first,
        containers: [
            {
                name,
                image: suite.images[name],
                command: ["catalina.sh", "run"],
                workingDir: "/tmp",
                env: {
                    HOME: "/tmp",
                    CATALINA_HOME: paths.tomcat,
                    JAVA_OPTS: `-Xmx${heap}m -Djava.awt.headless=true`,
                    LOG4J_FORMAT_MSG_NO_LOOKUPS: "true",
                    ...(file ? { CHEMAXON_LICENSE_URL: license } : {}),
                    ...(name === "ctsws" ? account(suite) : {}),
                },
                ports: { http: ports.tomcat },
                resources: { cpu: size.tomcat.cpu, memory },
                probes: socketProbes(ports.tomcat, 600),
                mounts: [
                    ...own,
                    // Below Tomcat's directory, never over it: that would hide Tomcat itself.
                    ...(webapps === undefined ? [] : [{ path: `${paths.tomcat}/webapps`, claim: webapps }]),
                    ...(file ? [{ path: license, secret: file.secret, file: file.key }] : []),
                    ...["logs", "temp", "work", "conf/Catalina"].map((folder) =>
                        scratch(`${paths.tomcat}/${folder}`, "256Mi"),
                    ),
                    scratch("/tmp", "256Mi"),
                ],
            },
        ],
        graceSeconds: drainSeconds + 60,
    };
}

function ownServer({ instance }: Suite): Mount[] {
    const accounts = instance.secretValue("tomcatUsers");
    if (!accounts) return [];
    const { secret, key } = instance.secret(instance.owner, "tomcat-users", {
        "tomcat-users.xml": accounts.map(wholeFile),
    })["tomcat-users.xml"];
    return [{ path: `${paths.tomcat}/conf/tomcat-users.xml`, secret, file: key }];
}

const account = ({ instance, passwords }: Suite) => ({
    CTSWS_SERVER_USERNAME: "ctsws",
    CTSWS_SERVER_PASSWORD: instance.secret(instance.owner, "ctsws", {
        password: passwords.ctsws,
    }).password,
});
