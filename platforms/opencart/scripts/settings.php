<?php
// Applies what the configuration says of the shop's own settings; changes nothing that is right already.

require __DIR__ . '/common.php';

$prefix = environment('DB_PREFIX');
$db = connect();
awaitShop($db, true);
lock($db);

// The password is applied when the configured one changes: one that was changed in the administration stays.
$password = environment('ADMIN_PASSWORD');
$applied = recall($db, 'admin');
if ($applied === null || !password_verify($password, $applied)) {
    $hash = password_hash($password, PASSWORD_DEFAULT);
    $user = environment('ADMIN_USERNAME');
    if (query($db, "SELECT username FROM `{$prefix}user` WHERE username = ?", [$user]) === []) {
        say("there is no user $user: no password was set");
    } else {
        query($db, "UPDATE `{$prefix}user` SET password = ? WHERE username = ?", [$hash, $user]);
        say("the password of $user was set");
    }
    remember($db, 'admin', $hash);
}

// Off, every page would compile the stylesheets anew and write them into the code, which is read-only.
$wanted = ['developer' => ['developer_sass' => '1']];
if (getenv('MAIL_HOST') !== false) {
    $wanted['config'] = [
        'config_mail_engine' => 'smtp',
        'config_mail_smtp_hostname' => environment('MAIL_HOST'),
        'config_mail_smtp_port' => environment('MAIL_PORT'),
        'config_mail_smtp_username' => environment('MAIL_USERNAME'),
        'config_mail_smtp_password' => environment('MAIL_PASSWORD'),
        'config_mail_smtp_timeout' => environment('MAIL_TIMEOUT'),
    ];
}
$db->begin_transaction();
foreach ($wanted as $code => $values) {
    foreach ($values as $key => $value) {
        $rows = query($db, "SELECT value FROM `{$prefix}setting` WHERE store_id = 0 AND `key` = ?", [$key]);
        if (array_column($rows, 'value') === [$value]) {
            continue;
        }
        query($db, "DELETE FROM `{$prefix}setting` WHERE store_id = 0 AND `key` = ?", [$key]);
        query($db, "INSERT INTO `{$prefix}setting` (store_id, code, `key`, value, serialized) VALUES (0, ?, ?, ?, 0)", [$code, $key, $value]);
        say("$key was set");
    }
}
$db->commit();
