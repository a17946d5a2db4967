import { block, type Block, caddy, type Caddy, print, word, words } from "../../../components/languages/caddy";
import { joined, Refusal } from "../../../components/languages/text";
import type { Facts, OwnMfe } from "./facts";
import { imageMfes } from "./microfrontends";
import { folders } from "./paths";
import { urls } from "./urls";

/** Where the image's server listens. */
export const mfePort = 8002;

/**
 * Caddyfile of the micro-frontends' pods: a folder for each, their configuration from the LMS, and the common site for
 * all other paths.
 *
 * @throws Refusal for a name or path that cannot be a part of a URL's path
 */
export function mfeCaddyfile(facts: Pick<Facts, "scheme" | "hosts" | "internal" | "mfe">): Caddy {
    const own = Object.entries(facts.mfe.apps ?? {});
    const all = new Map<string, OwnMfe>([...imageMfes.map((name): [string, OwnMfe] => [name, {}]), ...own]);
    const site = block(
        caddy`:${mfePort}`,
        caddy`@configuration path /api/mfe_config/* /api/frontend_site_config/*`,
        block(
            caddy`handle @configuration`,
            block(caddy`reverse_proxy ${word(facts.internal.lms)}`, caddy`header_up Host ${word(facts.hosts.lms)}`),
        ),
        caddy`@root path /`,
        caddy`redir @root ${word(urls(facts).lms)}`,
        // The address that authors have in their bookmarks.
        caddy`@course-authoring path_regexp course_authoring ^/course-authoring/(.*)`,
        caddy`redir @course-authoring /authoring/{re.course_authoring.1} permanent`,
        ...[...all].flatMap(([name, app]) => application(name, app)),
        block(caddy`handle`, ...files("site")),
    );
    const options = block(caddy``, caddy`admin off`, caddy`persist_config off`, caddy`auto_https off`);
    return caddy`${joined([options, site].map(print), "\n\n")}\n`;
}

function application(name: string, { path = `/${name}`, upstream }: OwnMfe): [Caddy, Block] {
    if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new Refusal("allowed: names of a-z, 0-9 and -, beginning with a letter");
    if (!/^(\/[\w.-]+)+$/.test(path)) throw new Refusal("allowed: a path such as /grades, without a slash at its end");
    const matcher = caddy`@mfe-${word(name)}`;
    return [
        caddy`${matcher} path ${words([path, `${path}/*`])}`,
        upstream === undefined
            ? block(caddy`handle ${matcher}`, caddy`uri strip_prefix ${word(path)}`, ...files(name))
            : block(caddy`handle ${matcher}`, caddy`reverse_proxy ${word(upstream)}`),
    ];
}

/** Paths without a file are routes of the application in the browser. */
const files = (folder: string): Caddy[] => [
    caddy`root * ${word(`${folders.mfes}/${folder}`)}`,
    caddy`try_files {path} /index.html`,
    caddy`file_server`,
];
