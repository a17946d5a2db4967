<?php
// Makes an administrator (create NAME ADDRESS) or changes a password (password NAME), with OpenCart's own model; the
// password is a line of standard input. DIRECTORY is that of the administration.
[, $directory, $action, $name] = $argv;
$password = rtrim((string)fgets(STDIN), "\n");
require "$directory/config.php";
require DIR_SYSTEM . 'startup.php';
$autoloader = new \Opencart\System\Engine\Autoloader();
$autoloader->register('Opencart\Admin', DIR_APPLICATION);
$autoloader->register('Opencart\System', DIR_SYSTEM);
$registry = new \Opencart\System\Engine\Registry();
$registry->set('db', new \Opencart\System\Library\DB(DB_DRIVER, DB_HOSTNAME, DB_USERNAME, DB_PASSWORD, DB_DATABASE, DB_PORT));
$users = new \Opencart\Admin\Model\User\User($registry);
$end = function (string $why): never {
    fwrite(STDERR, "$why\n");
    exit(1);
};
// As the administration's forms send it: the model takes this back.
$form = fn (string $text): string => htmlspecialchars($text, ENT_COMPAT, 'UTF-8');
$user = $users->getUserByUsername($form($name));
if ($action === 'password') {
    if (!$user) {
        $end("There is no administrator $name; to create one: createadmin");
    }
    // Not editPassword: 4.1.0.4 has one for a column that is gone.
    $users->editUser((int)$user['user_id'], ['password' => $form($password)] + $user);
    echo "The password of $name is changed.\n";
    exit;
}
if ($user) {
    $end("There is an administrator $name already; to change the password: adminpassword");
}
if ($users->getUserByEmail($form($argv[4]))) {
    $end("Another administrator has the address $argv[4].");
}
// 1: the group that OpenCart's installer gives all rights.
$users->addUser([
    'username' => $form($name),
    'user_group_id' => 1,
    'password' => $form($password),
    'firstname' => 'Shop',
    'lastname' => 'Administrator',
    'email' => $form($argv[4]),
    'image' => '',
    'status' => 1,
]);
echo "$name can log in, with all rights.\n";
