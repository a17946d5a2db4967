<?php
// Brings the database to the version of this image: once per version, and safe to run any number of times.
//
// OpenCart upgrades through a browser only, and rewrites its code and configuration meanwhile. So the steps run in a
// server of this pod's own, on a copy of the code that is thrown away. What was done is recorded in the database.

require __DIR__ . '/common.php';

define('ADDRESS', '127.0.0.1:' . (getenv('UPGRADE_PORT') ?: '8899'));

/** More than any upgrade has; some steps are repeated page by page. */
const MOST_STEPS = 5000;

$prefix = environment('DB_PREFIX');
$admin = environment('ADMIN_PATH');
$home = environment('OPENCART_HOME');
$work = environment('WORK_DIR') . '/html';
$wanted = codeVersion();

$db = connect();
awaitShop($db, false);
lock($db);

$version = recall($db, 'version');
if ($version === $wanted) {
    say("the database is at version $wanted, nothing to do");
    exit(0);
}
if ($version !== null && version_compare($version, $wanted, '>')) {
    refuse("the database is at version $version, this image at $wanted: OpenCart cannot go back. Use the newer image, or restore a backup.");
}
say('upgrading from ' . ($version ?? 'an unknown version') . " to $wanted");

run(['rm', '-rf', $work]);
// Links are followed: the steps may delete files, and must find only copies.
run(['cp', '-RL', environment('OPENCART_ROOT'), $work]);
run(['cp', '-RL', "$home/install", "$work/install"]);
run(['cp', '-RL', environment('OPENCART_STORAGE'), "$work/system/storage"]);
writeConfig("$work/config.php", 'Catalog', ['HTTP_SERVER' => environment('SHOP_URL') . '/']);
writeConfig("$work/$admin/config.php", 'Admin', [
    'HTTP_SERVER' => environment('ADMIN_URL') . '/',
    'HTTP_CATALOG' => environment('SHOP_URL') . '/',
]);

$server = proc_open(
    [PHP_BINARY, '-d', 'max_execution_time=0', '-d', 'memory_limit=-1', '-S', ADDRESS, '-t', $work],
    [1 => ['file', '/dev/null', 'w'], 2 => ['file', environment('WORK_DIR') . '/server.log', 'w']],
    $pipes
);
if ($server === false) {
    fail('the server for the upgrade does not start');
}
register_shutdown_function(function () use ($server): void {
    proc_terminate($server);
});

$query = http_build_query(['route' => 'upgrade/upgrade_1', 'version' => $wanted, 'admin' => $admin]);
for ($step = 1; ; $step++) {
    if ($step > MOST_STEPS) {
        fail('the upgrade does not come to an end');
    }
    $answer = ask($query);
    $json = json_decode($answer, true);
    if (!is_array($json) || isset($json['error'])) {
        fail("$query: " . ($json['error'] ?? substr(strip_tags($answer), 0, 2000)));
    }
    if (isset($json['success'])) {
        say(strip_tags($json['success']));
        break;
    }
    if (!isset($json['next'])) {
        fail("$query: neither done nor a next step: " . substr($answer, 0, 500));
    }
    say(strip_tags($json['text'] ?? ''));
    $query = (string)parse_url(html_entity_decode($json['next']), PHP_URL_QUERY);
}

// What modifications made of the old code must not be used with the new one; Extensions > Modifications makes them anew.
foreach (glob(environment('VOLUME_DIR') . '/extension/ocmod/*/*') ?: [] as $entry) {
    run(['rm', '-rf', $entry]);
}
$cache = new Redis();
$cache->connect(environment('CACHE_HOSTNAME'), (int)environment('CACHE_PORT'));
if ((string)getenv('CACHE_PASSWORD') !== '') {
    $cache->auth((string)getenv('CACHE_PASSWORD'));
}
$cache->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
$cursor = null;
while (($keys = $cache->scan($cursor, environment('CACHE_PREFIX') . '*', 1000)) !== false) {
    $cache->del($keys);
}

remember($db, 'version', $wanted);
say("the database is at version $wanted");

/** @param list<string> $command */
function run(array $command): void
{
    $process = proc_open($command, [], $pipes);
    if ($process === false || proc_close($process) !== 0) {
        fail(implode(' ', $command) . ' failed');
    }
}

/**
 * A configuration as the upgrade wants it: it never runs the file, but takes what is between the quotes of each line
 * as it stands, and writes it back in the same way.
 *
 * @param array<string, string> $urls
 */
function writeConfig(string $file, string $application, array $urls): void
{
    $values = ['APPLICATION' => $application] + $urls + ['DB_DRIVER' => 'mysqli'];
    foreach (['DB_HOSTNAME', 'DB_USERNAME', 'DB_PASSWORD', 'DB_DATABASE', 'DB_PORT', 'DB_PREFIX'] as $name) {
        $values[$name] = environment($name);
    }
    $lines = ["<?php\n"];
    foreach ($values as $name => $value) {
        $line = "define('$name', '$value');\n";
        // The upgrade's own expression. An escape would become part of the value, and whatever this takes is intact.
        if (!preg_match('/^define\(\'(.*)\',\s+["\'](.*)["\']\);\n$/D', $line, $read) || array_slice($read, 1) !== [$name, $value]) {
            refuse("$name has a line break in it, or ', before a space and a quotation mark: the upgrade of OpenCart cannot read that; change it");
        }
        $lines[] = $line;
    }
    // In the image it is read-only.
    run(['rm', '-f', $file]);
    if (file_put_contents($file, implode('', $lines)) === false) {
        fail("$file cannot be written");
    }
    chmod($file, 0600);
}

/** One step; waits for the server to start. */
function ask(string $query): string
{
    $context = stream_context_create(['http' => ['timeout' => 3600, 'ignore_errors' => true]]);
    for ($try = 0; $try < 50; $try++) {
        $answer = @file_get_contents('http://' . ADDRESS . '/install/index.php?' . $query, false, $context);
        if ($answer !== false) {
            return $answer;
        }
        usleep(200000);
    }
    fail('the server for the upgrade does not answer: ' . file_get_contents(environment('WORK_DIR') . '/server.log'));
}
