import { apache, type Apache, pattern } from "../languages/apache";
import { php, type Php } from "../languages/php";
import { type PathRule, patternOf } from "../pathRule";

export interface FileArgs {
    readonly port: number;
    /** Largest file that may be imported, in MiB. */
    readonly uploadLimit: number;
    /** Largest memory of one request, in MiB. */
    readonly memoryLimit: number;
    /** Maximum number of concurrent requests. */
    readonly workers: number;
    /** Seconds that an import or export may take. */
    readonly timeoutSeconds: number;
}

/** Files that phpMyAdmin reads but that must not be served. */
export const closed: PathRule = {
    paths: ["/libraries", "/locale", "/setup", "/sql", "/templates", "/tmp", "/vendor"],
};

/**
 * The whole configuration of Apache 2.4. It replaces the image's, which listens on port 80 and writes below /var/run.
 * https://httpd.apache.org/docs/2.4/mod/directives.html
 */
export const apacheConf = ({ port, uploadLimit, memoryLimit, workers, timeoutSeconds }: FileArgs): Apache =>
    apache`ServerRoot /etc/apache2
PidFile /tmp/apache2.pid
Mutex file:/tmp default
Include mods-enabled/*.load
<IfModule !remoteip_module>
    LoadModule remoteip_module /usr/lib/apache2/modules/mod_remoteip.so
</IfModule>

Listen ${port}
ServerName localhost
ServerTokens Prod
ServerSignature Off
TraceEnable Off
Timeout ${timeoutSeconds}
KeepAliveTimeout 2
StartServers 2
MinSpareServers 1
MaxSpareServers 3
MaxRequestWorkers ${workers}

ErrorLog /dev/stderr
ErrorLogFormat "{\\"time\\":\\"%{cu}t\\",\\"level\\":\\"%l\\",\\"client\\":\\"%a\\",\\"message\\":\\"%M\\"}"
# Exactly one address, by the load balancer: nobody else can ask.
RemoteIPHeader X-Forwarded-For

TypesConfig /etc/mime.types
DocumentRoot /var/www/html
<Directory />
    AllowOverride None
    Require all denied
</Directory>
<Directory /var/www/html>
    Options FollowSymLinks
    DirectoryIndex index.php
    Require all granted
</Directory>
<FilesMatch "\\.php$">
    SetHandler application/x-httpd-php
</FilesMatch>
<LocationMatch ${pattern(`(?i)${patternOf(closed)}`)}>
    Require all denied
</LocationMatch>
RedirectMatch 204 "^/healthz$"

php_admin_flag expose_php off
php_admin_flag display_errors off
php_admin_flag log_errors on
php_admin_value memory_limit ${memoryLimit}M
# The rest of the form comes with the file.
php_admin_value post_max_size ${uploadLimit + 1}M
php_admin_value upload_max_filesize ${uploadLimit}M
php_admin_value max_execution_time ${timeoutSeconds}
php_admin_value max_input_vars 10000
php_admin_value session.save_path /sessions
`;

/**
 * phpMyAdmin's configuration. It replaces the image's, which allows accounts without a password and reads one from
 * the environment, which would log in everybody. https://docs.phpmyadmin.net/en/latest/config.html
 */
export const configInc = (timeoutSeconds: number): Php => php`<?php
// Encrypts the password in the browser's cookie: exactly 32 bytes.
$cfg['blowfish_secret'] = getenv('COOKIE_KEY');
$cfg['Servers'][1] = [
    'host' => getenv('DB_HOST'),
    'port' => getenv('DB_PORT'),
    'auth_type' => 'cookie',
    'AllowNoPassword' => false,
    'ssl' => getenv('DB_TLS_CA') !== false,
    'ssl_ca' => getenv('DB_TLS_CA') ?: null,
    'ssl_verify' => true,
];
$cfg['TempDir'] = '/tmp';
$cfg['ExecTimeLimit'] = ${timeoutSeconds};
// As PHP has it.
$cfg['MemoryLimit'] = '0';
// Who logs in, and who fails to.
$cfg['AuthLog'] = 'php';
$cfg['AuthLogSuccess'] = true;
// Neither way leads out of the cluster.
$cfg['VersionCheck'] = false;
$cfg['SendErrorReports'] = 'never';
// It keeps nothing in the database for itself.
$cfg['PmaNoRelation_DisableWarning'] = true;
`;
