<?php
// Lets OpenCart's own request, action and factory, from SOURCES, decide which controller an address means, without a
// database and without running it.
ini_set('display_errors', '0');
define('DIR_SYSTEM', SOURCES . '/system/');
foreach (['engine/autoloader', 'engine/registry', 'engine/config', 'engine/controller', 'engine/action', 'engine/factory', 'library/request'] as $file) {
    require DIR_SYSTEM . "$file.php";
}
$autoloader = new Opencart\System\Engine\Autoloader();
$autoloader->register('Opencart\Catalog', SOURCES . '/catalog/');
$registry = new Opencart\System\Engine\Registry();
$config = new Opencart\System\Engine\Config();
$config->set('application', 'Catalog');
$registry->set('config', $config);
$request = new Opencart\System\Library\Request();
$route = $request->get['route'] ?? 'common/home';
// As system/framework.php does, for addresses of older releases.
$route = str_replace('%7C', '|', str_replace('|', '.', (string)$route));
$action = new Opencart\System\Engine\Action($route);
$controller = (new ReflectionProperty($action, 'controller'))->getValue($action);
$found = (new Opencart\System\Engine\Factory($registry))->controller($controller);
$page = $found instanceof Opencart\System\Engine\Controller ? strtolower(str_replace('\\', '/', substr($found::class, strlen('Opencart\Catalog\Controller')))) : '/none';
header('Content-Type: text/plain');
echo 'pod=' . ROLE . " page=$page query=" . $_SERVER['QUERY_STRING'] . "\n";
