<?php
// Installs OpenCart into a database that has no shop yet; safe to run any number of times, and twice at once.
//
// OpenCart's installer drops every table that it is about to create, and exits 0 when it fails. So it never gets the
// shop's own prefix: it works on tables named new_..., and only what is complete is renamed, in one statement that
// fails when a table of that name exists. An installation that died half-way leaves new_ tables alone, which the next
// run begins anew. This script itself drops nothing.

require __DIR__ . '/common.php';

$prefix = environment('DB_PREFIX');
$db = connect();
lock($db);

$existing = tables($db, $prefix);
if ($existing !== []) {
    if (!installed($db, $prefix)) {
        refuse(count($existing) . " tables begin with \"$prefix\", but they are no complete shop. Nothing was changed. "
            . 'Restore a backup, or, if there is nothing to keep, empty the database by hand.');
    }
    say(count($existing) . ' tables: the shop is installed, nothing to do');
    exit(0);
}

$staging = 'new_' . $prefix;
$user = environment('ADMIN_USERNAME');
$command = [
    PHP_BINARY, environment('OPENCART_HOME') . '/install/cli_cloud.php', 'install',
    '--username', $user,
    '--email', environment('ADMIN_EMAIL'),
    // Stored as given: it has to be a hash.
    '--password', password_hash(environment('ADMIN_PASSWORD'), PASSWORD_DEFAULT),
];
$variables = ['DB_DRIVER' => 'mysqli', 'DB_PREFIX' => $staging] + getenv();
unset($variables['ADMIN_PASSWORD']);
$process = proc_open($command, [1 => ['pipe', 'w'], 2 => ['redirect', 1]], $pipes, null, $variables);
if ($process === false) {
    fail('the installer does not start');
}
$output = trim((string)stream_get_contents($pipes[1]));
$code = proc_close($process);
say($output);

// It exits 0 in any case; what counts is its word, and what is in the tables.
if ($code !== 0 || !str_contains($output, 'SUCCESS!')) {
    fail("the installer did not succeed (exit code $code)");
}
if (!installed($db, $staging)) {
    fail('the installer reports success, but settings or user are missing');
}
if ((int)query($db, "SELECT COUNT(*) AS n FROM `{$staging}user` WHERE username = ?", [$user])[0]['n'] !== 1) {
    fail("the installer reports success, but there is no user $user");
}
query($db, "UPDATE `{$staging}setting` SET value = '0' WHERE `key` = 'config_error_display'");
remember($db, 'version', codeVersion());
remember($db, 'admin', password_hash(environment('ADMIN_PASSWORD'), PASSWORD_DEFAULT));
$renames = array_map(
    fn (string $table): string => "`$table` TO `" . substr($table, strlen('new_')) . '`',
    tables($db, $staging)
);
$db->query('RENAME TABLE ' . implode(', ', $renames));
say(count($renames) . ' tables: OpenCart ' . codeVersion() . ' is installed');
