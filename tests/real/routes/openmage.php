<?php
// Lets OpenMage's own request and routers, from SOURCES, decide what an address means, without a database and without
// running the controller that they find. It answers with a line as the stand-ins of tests/support/applications.ts do.

ini_set('display_errors', '0');
define('DS', DIRECTORY_SEPARATOR);
set_include_path(implode(PATH_SEPARATOR, [
    SOURCES . '/app/code/core',
    SOURCES . '/lib',
    SOURCES . '/vendor/shardj/zf1-future/library',
]));
spl_autoload_register(function (string $class): void {
    $file = stream_resolve_include_path(str_replace('_', '/', $class) . '.php');
    if ($file) {
        require $file;
    }
});
require 'Mage/Core/functions.php';

/** What the routers ask of the application, answered for a shop with three stores. */
final class Mage
{
    public static object $app;

    public static function app(): object
    {
        return self::$app;
    }

    public static function isInstalled(): bool
    {
        return true;
    }

    public static function getConfig(): object
    {
        return new class () {
            public function getNode(string $path): string
            {
                return ['admin/routers/adminhtml/args/frontName' => 'backoffice', 'default/web/default/admin' => 'admin'][$path] ?? '';
            }
        };
    }

    public static function getStoreConfig(string $path): string
    {
        return ['web/default/front' => 'cms', 'web/unsecure/base_url' => 'http://shop.example.org/'][$path] ?? '';
    }

    public static function getStoreConfigFlag(string $path): bool
    {
        return $path === 'web/url/use_store' && STORES_IN_ADDRESSES;
    }

    public static function getModuleDir(string $kind, string $module): string
    {
        return SOURCES . '/app/code/core/' . str_replace('_', '/', $module) . '/' . $kind;
    }

    /** Without its constructor: whatever it then does fails, when everything is decided. */
    public static function getControllerInstance(string $class): object
    {
        return (new ReflectionClass($class))->newInstanceWithoutConstructor();
    }
}

Mage::$app = new class () {
    public Mage_Core_Controller_Varien_Front $front;
    public string $store = 'default';

    public function getFrontController(): Mage_Core_Controller_Varien_Front
    {
        return $this->front;
    }

    public function getStores(): array
    {
        return ['admin' => 1, 'default' => 1, 'german' => 1];
    }

    public function setCurrentStore(string $code): void
    {
        $this->store = $code;
    }

    public function getStore(): object
    {
        return new class ($this->store) {
            public function __construct(private string $code)
            {
            }

            public function isAdmin(): bool
            {
                return $this->code === 'admin';
            }
        };
    }

    public function getRequest(): object
    {
        return $GLOBALS['request'];
    }

    public function getResponse(): ?object
    {
        return null;
    }

    public function isCurrentlySecure(): bool
    {
        return false;
    }
};

$request = new Mage_Core_Controller_Request_Http();
$front = Mage::$app->front = new Mage_Core_Controller_Varien_Front();
$routers = ['admin' => new Mage_Core_Controller_Varien_Router_Admin(), 'standard' => new Mage_Core_Controller_Varien_Router_Standard()];
foreach ($routers as $name => $router) {
    $front->addRouter($name, $router);
}
// As the configuration of OpenMage's own modules says.
foreach (glob(SOURCES . '/app/code/core/Mage/*/etc/config.xml') as $file) {
    $config = simplexml_load_file($file);
    foreach ([['admin', 'admin'], ['frontend', 'standard']] as [$area, $use]) {
        foreach ($config->xpath("$area/routers/*[use = '$use']") as $route) {
            $frontName = $use === 'admin' ? 'backoffice' : (string)$route->args->frontName;
            $routers[$use]->addModule($frontName, [(string)$route->args->module], $route->getName());
        }
    }
}

$page = '/no-route';
try {
    $request->setPathInfo();
    foreach ($routers as $name => $router) {
        if ($router->match($request)) {
            break;
        }
    }
} catch (Throwable $error) {
    // The controller found nothing to work with.
    if (!$request->isDispatched()) {
        throw $error;
    }
}
if ($request->isDispatched()) {
    $module = $name === 'admin' ? 'backoffice' : $request->getModuleName();
    $page = strtolower('/' . $module . '/' . $request->getControllerName() . '/' . $request->getActionName());
}
header('Content-Type: text/plain');
echo 'pod=' . ROLE . " page=$page query=" . $_SERVER['QUERY_STRING'] . "\n";
