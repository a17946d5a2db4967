
// OPENMAGE_ROOT: document root, with app/etc/local.xml in it; DB_PREFIX: of all table names, may be empty.
// CRYPT_KEY_ORIGIN: whether the crypt key was `configured` by people or `generated`.

chdir(environment('OPENMAGE_ROOT'));
set_include_path(get_include_path() . PATH_SEPARATOR . __DIR__);
// Addresses are made from it.
$_SERVER['SCRIPT_NAME'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = environment('OPENMAGE_ROOT') . '/index.php';
require 'app/bootstrap.php';
require 'app/Mage.php';
Mage::setRoot();
umask(0);

/** Whether the tables with this prefix hold a shop: its version and a user of the administration. */
function installed(mysqli $db, string $prefix): bool
{
    $needed = array_map(
        fn (string $name): string => $prefix . $name,
        ['core_resource', 'core_config_data', 'core_store', 'admin_user']
    );
    if (array_diff($needed, tables($db, $prefix)) !== []) {
        return false;
    }
    return rows($db, $prefix . 'core_resource') > 0 && rows($db, $prefix . 'admin_user') > 0;
}

function rows(mysqli $db, string $table): int
{
    return (int)query($db, "SELECT COUNT(*) AS n FROM `$table`")[0]['n'];
}

/**
 * Modules whose tables are at another version than this image's code: name → [version of the tables, of the code,
 * OpenMage's own (core) or from elsewhere (community, local)].
 * Changes nothing, and starts nothing of OpenMage's but its reading of files.
 *
 * @return array<string, array{?string, string, string}>
 */
function differing(mysqli $db, string $prefix): array
{
    static $wanted = null;
    if ($wanted === null) {
        $config = new Mage_Core_Model_Config();
        $config->loadBase();
        $config->loadModules();
        $wanted = [];
        foreach ($config->getNode('global/resources')->children() as $name => $resource) {
            $module = $resource->setup ? $config->getModuleConfig((string)$resource->setup->module) : null;
            if ($module && (string)$module->version !== '') {
                $wanted[$name] = [(string)$module->version, (string)$module->codePool];
            }
        }
    }
    $found = array_column(query($db, "SELECT code, version, data_version FROM `{$prefix}core_resource`"), null, 'code');
    $differing = [];
    foreach ($wanted as $name => [$version, $pool]) {
        foreach (['version', 'data_version'] as $column) {
            $have = $found[$name][$column] ?? null;
            if ($have === null || version_compare($have, $version) !== 0) {
                $differing[$name] = [$have, $version, $pool];
            }
        }
    }
    return $differing;
}

/** Those of `differing` that this image has to bring up. */
function behind(array $differing): array
{
    return array_filter($differing, fn (array $pair): bool => $pair[0] === null || version_compare($pair[0], $pair[1], '<'));
}

/**
 * Refuses a crypt key with which nobody could read what the shop has encrypted: one that was made up for a shop that has
 * come with its own, or another than the shop has here. What it is here is remembered, as a hash.
 *
 * @param bool $brought whether the tables may be those of a shop that was made elsewhere
 */
function checkCryptKey(mysqli $db, bool $brought): void
{
    $config = new Mage_Core_Model_Config();
    $config->loadBase();
    $key = (string)$config->getNode('global/crypt/key');
    $here = recall($db, 'crypt key');
    if ($here !== null && !password_verify($key, $here)) {
        refuse('the crypt key is another than the one of this shop, with which it has encrypted passwords. Nothing was changed. '
            . 'Set the former one: cryptKey in plinth:secrets. If there is nothing to read with it, delete the row '
            . '"crypt key" of the table ' . STATE . '.');
    }
    if ($here === null && $brought && environment('CRYPT_KEY_ORIGIN') !== 'configured') {
        refuse('this shop was made elsewhere, and has encrypted passwords with the key in its local.xml (global/crypt/key). '
            . 'Nothing was changed. Set that key: cryptKey in plinth:secrets.');
    }
    if ($here === null) {
        remember($db, 'crypt key', password_hash($key, PASSWORD_DEFAULT));
    }
}

/** Waits until the shop is installed and, if asked, its tables are not behind this image. */
function awaitShop(mysqli $db, bool $upgraded): void
{
    $prefix = environment('DB_PREFIX');
    $end = time() + PATIENCE;
    for (;;) {
        $installed = installed($db, $prefix) && recall($db, 'installing') === null;
        $behind = $installed && $upgraded ? behind(differing($db, $prefix)) : [];
        if ($installed && $behind === []) {
            checkCryptKey($db, true);
            return;
        }
        $what = $installed
            ? 'the tables are not at version ' . Mage::getOpenMageVersion() . ' (' . implode(', ', array_keys($behind)) . ')'
            : 'the shop is not installed';
        if (time() >= $end) {
            fail("$what; see the Jobs install and upgrade");
        }
        say("waiting: $what");
        sleep(2);
    }
}

/** Runs the setup scripts of all modules, as a request would, with every failure as an exception. */
function setUp(): void
{
    Mage::app('', 'store', ['config_model' => 'PlinthSetup']);
    Mage_Core_Model_Resource_Setup::applyAllDataUpdates();
    Mage::app()->getConfig()->reinit();
}

/** The shop's cache, as soon as it answers. */
function cache(): Mage_Core_Model_Cache
{
    $config = new Mage_Core_Model_Config();
    $config->loadBase();
    $options = $config->getNode('global/cache')->asArray() + ['cache_dir' => sys_get_temp_dir()];
    return patiently('the cache', function () use ($options) {
        $cache = new Mage_Core_Model_Cache($options);
        $cache->load('plinth');
        return $cache;
    });
}

/** Waits for the server of the sessions: OpenMage has one for whoever saves an administrator. */
function awaitSessions(): void
{
    $config = new Mage_Core_Model_Config();
    $config->loadBase();
    $server = $config->getNode('global/redis_session');
    patiently('the store of sessions', function () use ($server) {
        if (!@fsockopen((string)$server->host, (int)(string)$server->port, $code, $message, 5)) {
            throw new RuntimeException($message);
        }
    });
}

/** Tries until it works, as long as Tasks wait. */
function patiently(string $what, callable $try): mixed
{
    $end = time() + PATIENCE;
    for (;;) {
        try {
            return $try();
        } catch (Exception $error) {
            if (time() >= $end) {
                fail("$what cannot be used: " . $error->getMessage());
            }
            say("waiting for $what: " . $error->getMessage());
            sleep(2);
        }
    }
}

/**
 * Empties the shop's own part of the cache where that is not known to be of this database: after a restore it holds the
 * settings and blocks of the newer one. Both have the same mark, which a restore takes from the database.
 */
function dropForeignCache(mysqli $db): void
{
    if (recall($db, 'cache') === null) {
        // Of several pods that start at once, the first one's counts.
        query($db, 'INSERT IGNORE INTO ' . STATE . " (name, value) VALUES ('cache', ?)", [bin2hex(random_bytes(8))]);
    }
    $mark = recall($db, 'cache');
    $cache = cache();
    if ($cache->load('plinth') !== $mark) {
        // By tags: on a server that several shops use, these tell whose a key is.
        $frontend = $cache->getFrontend();
        $prefix = $frontend->getOption('cache_id_prefix');
        $own = array_filter($frontend->getTags(), fn (string $tag): bool => str_starts_with($tag, $prefix));
        if ($own !== []) {
            $frontend->getBackend()->clean(Zend_Cache::CLEANING_MODE_MATCHING_ANY_TAG, array_values($own));
            say('the cache was emptied: it may have been of another database');
        }
        $cache->remove(Mage_Core_Model_Cache::OPTIONS_CACHE_ID);
    }
    // Also where it is there: it has a lifetime like all others.
    $cache->save($mark, 'plinth');
}

/** Empties the shop's own part of the cache. */
function cleanCache(): void
{
    foreach (array_keys(Mage::helper('core')->getCacheTypes()) as $type) {
        Mage::app()->getCacheInstance()->cleanType($type);
    }
}

/** @param iterable<string> $codes of indexes that are made anew */
function reindex(iterable $codes): void
{
    foreach ($codes as $code) {
        $process = Mage::getSingleton('index/indexer')->getProcessByCode($code);
        // The others are switched off, such as flat tables.
        if ($process->getIndexer()->isVisible()) {
            say("reindexing $code");
            $process->reindexEverything();
        }
    }
}

/**
 * Indexes that have to be made anew.
 *
 * @return list<string>
 */
function staleIndexes(mysqli $db, string $prefix): array
{
    $sql = "SELECT indexer_code AS code FROM `{$prefix}index_process` WHERE status = 'require_reindex' ORDER BY process_id";
    return array_column(query($db, $sql), 'code');
}
