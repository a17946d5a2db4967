
/** Whether the tables with this prefix hold a shop: its settings and a user. */
function installed(mysqli $db, string $prefix): bool
{
    $needed = array_map(fn (string $name): string => $prefix . $name, ['setting', 'user', 'customer', 'order']);
    if (array_diff($needed, tables($db, $prefix)) !== []) {
        return false;
    }
    $settings = query($db, "SELECT COUNT(*) AS n FROM `{$prefix}setting` WHERE `key` = 'config_encryption'")[0]['n'];
    $users = query($db, "SELECT COUNT(*) AS n FROM `{$prefix}user`")[0]['n'];
    return (int)$settings > 0 && (int)$users > 0;
}

/** Version of the code in this image. */
function codeVersion(): string
{
    return trim((string)file_get_contents(environment('OPENCART_HOME') . '/version'));
}

/** Waits until the shop's tables are there and, if asked, at the version of this image. */
function awaitShop(mysqli $db, bool $upgraded): void
{
    $end = time() + PATIENCE;
    for (;;) {
        $version = recall($db, 'version');
        $current = $version !== null && version_compare($version, codeVersion(), '>=');
        if (installed($db, environment('DB_PREFIX')) && (!$upgraded || $current)) {
            return;
        }
        if (time() >= $end) {
            fail($upgraded ? 'the database is not at version ' . codeVersion() . '; see the Jobs install and upgrade' : 'the shop is not installed; see the Job install');
        }
        say('waiting until the shop is ' . ($upgraded ? 'at version ' . codeVersion() : 'installed'));
        sleep(2);
    }
}
