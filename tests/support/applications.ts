import type { Application } from "./chain";

/** Every answer is a line with the pod, and the page or file that it has served. */
const says = (role: string, what: "page" | "file", path: string) =>
    `header('Content-Type: text/plain'); echo "pod=${role} ${what}=" . ${path} . " query=" . $_SERVER['QUERY_STRING'] . "\\n";`;

const sent = "$path = $_SERVER['REQUEST_URI']; $end = strpos($path, '?'); if ($end) $path = substr($path, 0, $end);";

/** Routes by the URL as sent, after its own script's name and a store code, without decoding. */
const openmage: Application = (role) => ({
    "index.php": `<?php ${sent}
        if (strpos($path, '/index.php') === 0) {
            $path = substr($path, strlen('/index.php'));
            if ($path !== '' && $path[0] !== '/') $path = '/no-route';
        }
        $parts = explode('/', trim($path, '/'));
        if (count($parts) > 1 && in_array($parts[0], ['german', 'admin'], true)) $parts = explode('/', trim(implode('/', array_slice($parts, 1)), '/'));
        ${says(role, "page", "'/' . implode('/', $parts)")}`,
    "get.php": `<?php ${sent} ${says(role, "file", "'/' . str_replace('..', '', ltrim($path, '/'))")}`,
    "api.php": `<?php ${says(role, "page", "'/api'")}`,
    "robots.txt": "a file\n",
    "app/etc/local.xml": "secret",
    "media/custom_options/quote/photo.jpg": "secret",
    "media/customer/photo.jpg": "secret",
    "media/downloadable/song.mp3": "secret",
    "media/catalog/product/a/photo.jpg": "a file\n",
    "media/catalog/product/a/photo..jpg": "a file\n",
    "media/catalog/product/a/ph\u00f6to 1%.jpg": "a file\n",
});

/** Routes by parameters; nginx chooses the script. */
const opencart: Application = (role) => ({
    "index.php": `<?php ${says(role, "page", "'/' . ($_GET['_route_'] ?? '')")}`,
    "admin/index.php": `<?php ${says(role, "file", "'/admin'")}`,
    "admin/view/x.css": "secret",
    "install/index.php": `<?php ${says(role, "file", "'/install'")}`,
    "install/view/x.css": "secret",
    "system/x.css": "secret",
    "storage/x.css": "secret",
    "robots.txt": "a file\n",
    "image/photo.png": "a file\n",
    "image/ph\u00f6to 1%.png": "a file\n",
});

/** Stand-ins that route as the applications do, by platform. */
export const applications: Readonly<Record<string, Application>> = { openmage, opencart };
