<?php
// Makes an administrator (create NAME ADDRESS) or changes a password (password NAME); it is a line of standard input.
[, $action, $name] = $argv;
$password = rtrim((string)fgets(STDIN), "\n");
$_SERVER['SCRIPT_NAME'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = getcwd() . '/index.php';
require 'app/bootstrap.php';
require 'app/Mage.php';
umask(0);
Mage::app('admin');
$end = function (string $why): never {
    fwrite(STDERR, "$why\n");
    exit(1);
};
$user = Mage::getModel('admin/user')->loadByUsername($name);
if ($action === 'create') {
    if ($user->getId()) {
        $end("There is an administrator $name already; to change the password: adminpassword");
    }
    $user->addData(['username' => $name, 'firstname' => 'Shop', 'lastname' => 'Administrator', 'email' => $argv[3], 'is_active' => 1]);
} elseif (!$user->getId()) {
    $end("There is no administrator $name; to create one: createadmin");
}
$user->setNewPassword($password)->setForceNewPassword(true);
$errors = $user->validate();
if (is_array($errors)) {
    $end(implode(' ', $errors));
}
$user->save();
if ($action === 'create') {
    // Of all that the installation creates: the role with all rights.
    $user->setRoleIds([1])->saveRelations();
}
echo $action === 'create' ? "$name can log in, with all rights.\n" : "The password of $name is changed.\n";
