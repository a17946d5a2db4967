<?php
// Installs OpenMage into a database that has no shop yet; safe to run any number of times, and twice at once.
//
// SHOP_URL, ADMIN_URL, STORES: see shop.php. ADMIN_USERNAME, ADMIN_PASSWORD, ADMIN_EMAIL: the first administrator.
// SHOP_LOCALE, SHOP_TIMEZONE, SHOP_CURRENCY: of the new shop; en_US, UTC and USD if not set.
//
// An installation that died half-way left tables that setup scripts would not survive; they are dropped, and only
// they: a mark says that this script made them, in a database that had none, and nobody may have worked with them.

require __DIR__ . '/common.php';
require __DIR__ . '/shop.php';

$prefix = environment('DB_PREFIX');
$db = connect();
cache();
awaitSessions();
lock($db);

$mark = recall($db, 'installing');
$existing = array_values(array_diff(tables($db, $prefix), [STATE]));
if ($mark === null && installed($db, $prefix)) {
    checkCryptKey($db, true);
    say(count($existing) . ' tables: the shop is installed, nothing to do');
    exit(0);
}
if ($existing !== []) {
    if ($mark !== $prefix . '.' || inUse($db, $prefix, $existing)) {
        refuse(count($existing) . " tables begin with \"$prefix\", but they are no complete shop. Nothing was changed. "
            . 'Restore a backup, or, if there is nothing to keep, empty the database by hand.');
    }
    say('an installation died half-way: beginning anew');
    $db->query('SET foreign_key_checks = 0');
    foreach ($existing as $table) {
        $db->query("DROP TABLE `$table`");
    }
    $db->query('SET foreign_key_checks = 1');
}

remember($db, 'installing', $prefix . '.');
checkCryptKey($db, false);
setUp();
$caches = array_fill_keys(array_keys(Mage::helper('core')->getCacheTypes()), 1);
Mage::app()->saveUseCache($caches);
foreach ([
    'general/locale/code' => getenv('SHOP_LOCALE') ?: 'en_US',
    'general/locale/timezone' => getenv('SHOP_TIMEZONE') ?: 'UTC',
    'currency/options/base' => getenv('SHOP_CURRENCY') ?: 'USD',
    'currency/options/default' => getenv('SHOP_CURRENCY') ?: 'USD',
    'currency/options/allow' => getenv('SHOP_CURRENCY') ?: 'USD',
] as $path => $value) {
    Mage::getConfig()->saveConfig($path, $value);
}
applyAddresses($db, $prefix);
reindex(staleIndexes($db, $prefix));
createAdministrator($db);
cleanCache();
forget($db, 'installing');
$count = count(tables($db, $prefix)) - ($prefix === '' ? 1 : 0);
say("$count tables: OpenMage " . Mage::getOpenMageVersion() . ' is installed');

/** Whether somebody has worked with these tables: then they are no mere leftovers. */
function inUse(mysqli $db, string $prefix, array $tables): bool
{
    foreach (['customer_entity', 'catalog_product_entity', 'sales_flat_order'] as $name) {
        if (in_array($prefix . $name, $tables, true) && rows($db, $prefix . $name) > 0) {
            return true;
        }
    }
    // One administrator is what this script itself makes.
    $users = $prefix . 'admin_user';
    return in_array($users, $tables, true)
        && (rows($db, $users) > 1 || query($db, "SELECT 1 FROM `$users` WHERE lognum > 0") !== []);
}

function createAdministrator(mysqli $db): void
{
    $user = Mage::getModel('admin/user')->addData([
        'username' => environment('ADMIN_USERNAME'),
        'firstname' => 'Shop',
        'lastname' => 'Administrator',
        'email' => environment('ADMIN_EMAIL'),
        'new_password' => environment('ADMIN_PASSWORD'),
        'is_active' => 1,
    ]);
    $errors = $user->validate();
    if (is_array($errors)) {
        refuse('the administrator: ' . implode(' ', $errors));
    }
    $user->setForceNewPassword(true)->save();
    $user->setRoleIds([1])->saveRelations();
    remember($db, 'admin', password_hash(environment('ADMIN_PASSWORD'), PASSWORD_DEFAULT));
}
