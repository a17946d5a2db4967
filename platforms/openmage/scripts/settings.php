<?php
// Applies what the configuration says of the shop's own settings; changes nothing that is right already.
//
// SHOP_URL, ADMIN_URL, STORES: see shop.php. ADMIN_USERNAME, ADMIN_PASSWORD: an administrator, and the password.

require __DIR__ . '/common.php';
require __DIR__ . '/shop.php';

$prefix = environment('DB_PREFIX');
$db = connect();
awaitShop($db, true);
lock($db);
dropForeignCache($db);
Mage::app('admin');

// The password is applied when the configured one changes: one that was changed in the administration stays.
$password = environment('ADMIN_PASSWORD');
$applied = recall($db, 'admin');
if ($applied === null || !password_verify($password, $applied)) {
    $name = environment('ADMIN_USERNAME');
    $user = Mage::getModel('admin/user')->loadByUsername($name);
    if (!$user->getId()) {
        say("there is no user $name: no password was set");
    } else {
        $user->setNewPassword($password)->setForceNewPassword(true);
        $errors = $user->validate();
        if (is_array($errors)) {
            refuse("the password of $name: " . implode(' ', $errors));
        }
        $user->save();
        say("the password of $name was set");
    }
    remember($db, 'admin', password_hash($password, PASSWORD_DEFAULT));
}

if (applyAddresses($db, $prefix)) {
    cleanCache();
}
