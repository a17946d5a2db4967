import { nginx, type Nginx, word } from "../../components/languages/nginx";
import { indent, joined } from "../../components/languages/text";
import { listen, nginxFile } from "../nginx";
import { paths, ports } from "./paths";

export interface NginxArgs {
    /** Largest request body. */
    readonly maxBody: string;
    /** Maximum concurrent requests with a large body. */
    readonly bodies: number;
    /** Timeout in seconds for a response. */
    readonly timeoutSeconds: number;
    /** Whether pages of other sites may read responses. */
    readonly anyOrigin: boolean;
    /** Whether there are files that Django has collected. */
    readonly files: boolean;
    /** `host:port` of each service; what the instance does not have is undefined, and has no route. */
    readonly django: string | undefined;
    readonly flask: string | undefined;
    readonly sockets: { readonly address: string; readonly path: string } | undefined;
    readonly jchem: string | undefined;
    readonly ctsws: string | undefined;
    readonly cyan: string | undefined;
}

/**
 * The complete nginx.conf: it replaces what is in the image, so that the host names of the suite's own files, which no
 * cluster has (`uwsgi_django`, `cts_nodejs`), are never looked up. nginx ends at its start if a name cannot be found, so
 * that it names only services which the instance has.
 *
 * Port 7777 gives Flask, which speaks uwsgi's protocol, to the suite's other programs as HTTP. It is not published.
 */
export function nginxConf(args: NginxArgs): Nginx {
    const { maxBody, bodies } = args;
    return nginxFile({
        maxBody,
        bodies,
        // The public port has the load balancer in front; the other one has clients of its own.
        client: nginx`$client`,
        maps: nginx`map $http_x_forwarded_for $client {
    default $http_x_forwarded_for;
    "" $remote_addr;
}
map $http_upgrade $passed_connection {
    default upgrade;
    "" "";
}`,
        servers: [site(args), ...(args.flask === undefined ? [] : [flask(args, args.flask)])],
    });
}

function site(args: NginxArgs): Nginx {
    const { files, django, sockets, jchem, ctsws, cyan, timeoutSeconds, anyOrigin } = args;
    return serverBlock(ports.http, [
        ...(anyOrigin ? [allowed] : []),
        ...(files
            ? [
                  folder("/static_qed/", `${paths.static}/`),
                  folder("/assets/", `${paths.static}/hms/webapp/assets/`),
                  folder("/hms/assets/", `${paths.static}/hms/webapp/assets/`),
              ]
            : []),
        ...(sockets ? [location(sockets.path, proxied(sockets.address, timeoutSeconds))] : []),
        ...(jchem === undefined ? [] : [location("/webservices/rest-v0/util", proxied(jchem, timeoutSeconds))]),
        ...(ctsws === undefined ? [] : [location("/ctsws/rest/isvalidchemical", proxied(ctsws, timeoutSeconds))]),
        ...(cyan === undefined
            ? []
            : [
                  location("/cyan/app/api", uwsgi(cyan, timeoutSeconds)),
                  ...(files
                      ? [
                            folder("/cyanweb/assets/", `${paths.static}/epa-cyano-web/assets/`),
                            folder("/cyanweb/leaflet/", `${paths.static}/epa-cyano-web/leaflet/`),
                        ]
                      : []),
              ]),
        location("/", django === undefined ? nginx`return 404;` : uwsgi(django, timeoutSeconds)),
    ]);
}

const flask = ({ timeoutSeconds }: NginxArgs, address: string): Nginx =>
    serverBlock(ports.flask, [location("/", uwsgi(address, timeoutSeconds))]);

/** For any host, with an answer of nginx's own for probes. */
const serverBlock = (port: number, parts: readonly Nginx[]): Nginx => nginx`server {
    ${listen(port)}
    server_name _;

    location = /healthz {
        access_log off;
        default_type text/plain;
        return 200 "ok\\n";
    }
${indent(joined(parts, "\n"), 4)}
}`;

const location = (path: string, inner: Nginx): Nginx => nginx`location ${word(path)} {
${indent(inner, 4)}
}`;

/** Both with a final slash: without one in the location, names beside the directory would be served. */
const folder = (path: string, directory: string): Nginx => nginx`location ^~ ${word(path)} {
    alias ${word(directory)};
}`;

const allowed = nginx`add_header Access-Control-Allow-Origin "*" always;
add_header Access-Control-Allow-Methods "GET, POST, OPTIONS" always;
add_header Access-Control-Allow-Headers "DNT,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range" always;
add_header Access-Control-Expose-Headers "Content-Length,Content-Range,Content-Disposition" always;
if ($request_method = OPTIONS) {
    return 204;
}`;

const proxied = (address: string, seconds: number): Nginx => nginx`proxy_pass ${word(`http://${address}`)};
proxy_http_version 1.1;
proxy_read_timeout ${seconds}s;
proxy_send_timeout ${seconds}s;
proxy_set_header Host $http_host;
proxy_set_header X-Real-IP $client;
proxy_set_header X-Forwarded-For $client;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $passed_connection;`;

/** The binary protocol of uwsgi: an HTTP client would get no answer there. */
const uwsgi = (address: string, seconds: number): Nginx => nginx`uwsgi_pass ${word(address)};
uwsgi_read_timeout ${seconds}s;
uwsgi_send_timeout ${seconds}s;
uwsgi_param QUERY_STRING $query_string;
uwsgi_param REQUEST_METHOD $request_method;
uwsgi_param CONTENT_TYPE $content_type;
uwsgi_param CONTENT_LENGTH $content_length;
uwsgi_param REQUEST_URI $request_uri;
uwsgi_param PATH_INFO $document_uri;
uwsgi_param SERVER_PROTOCOL $server_protocol;
uwsgi_param REQUEST_SCHEME $scheme;
uwsgi_param HTTPS $https_or_empty if_not_empty;
uwsgi_param REMOTE_ADDR $client;
uwsgi_param REMOTE_PORT $remote_port;
uwsgi_param SERVER_PORT $server_port;
uwsgi_param SERVER_NAME $host;`;
