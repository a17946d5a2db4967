<?php
// Connections: where the environment says so (OPENMAGE_READS=replica), the catalog comes from the replicas, for
// visitors who have neither cart nor log-in; all else comes from the source.
//
// local.xml cannot say it: all pods share it by the cache. Replicas are late: OpenMage forgets a cart or a log-in whose
// rows it does not find, and throws away items whose product it does not find.
class PlinthResource extends Mage_Core_Model_Resource
{
    /** Within which a connection is made, in seconds; what is asked then may take longer. PDO's default is 30. */
    private const CONNECT_SECONDS = 5;

    private const CATALOG = ['bundle_read', 'catalog_read', 'cataloginventory_read', 'catalogrule_read', 'review_read'];

    private static bool $late = false;

    /** Why a server could not be connected to, by host: whoever asks again in this request must not wait again. */
    private static array $failures = [];

    /** Whether something that was read in this request may be older than what the source has. */
    public static function isLate(): bool
    {
        return self::$late;
    }

    public function getConnection($name)
    {
        if (isset($this->_connections[$name])) {
            return parent::getConnection($name);
        }
        $config = Mage::getConfig()->getResourceConnectionConfig($name);
        // A module may have a database of its own.
        if ($config && $config->getParent()->getName() !== 'default_read') {
            return parent::getConnection($name);
        }
        if (!in_array($name, self::CATALOG, true) || !$this->fromReplica()) {
            return parent::getConnection('default_setup');
        }
        self::$late = true;
        return parent::getConnection('default_read');
    }

    /** Elements of local.xml cannot have the name of this option, which is a number. */
    protected function _newConnection($type, $config)
    {
        if ($config instanceof Mage_Core_Model_Config_Element) {
            $config = $config->asArray();
        }
        if (is_array($config)) {
            $own = $config['driver_options'] ?? null;
            $config['driver_options'] = (is_array($own) ? $own : []) + [PDO::ATTR_TIMEOUT => self::CONNECT_SECONDS]
                + self::tlsOptions();
        }
        $host = is_array($config) ? (string)($config['host'] ?? '') : '';
        if (isset(self::$failures[$host])) {
            throw self::$failures[$host];
        }
        try {
            return parent::_newConnection($type, $config);
        } catch (Exception $error) {
            self::$failures[$host] = $error;
            throw $error;
        }
    }

    /** A file with the authorities by which the server's certificate is known: it must be valid and name the host. */
    private static function tlsOptions(): array
    {
        $authorities = getenv('DB_TLS_CA');
        if ($authorities === false) {
            return [];
        }
        // From PHP 8.4 on they are the driver's own.
        $prefix = class_exists('Pdo\\Mysql') ? 'Pdo\\Mysql::' : 'PDO::MYSQL_';
        return [
            constant($prefix . 'ATTR_SSL_CA') => $authorities,
            constant($prefix . 'ATTR_SSL_VERIFY_SERVER_CERT') => true,
        ];
    }

    private function fromReplica(): bool
    {
        return getenv('OPENMAGE_READS') === 'replica'
            && session_status() === PHP_SESSION_ACTIVE
            && !isset($_COOKIE['persistent_shopping_cart'])
            && !$this->isKnown();
    }

    /** Whether the session has a cart or a customer. */
    private function isKnown(): bool
    {
        foreach ($_SESSION as $part) {
            foreach (is_array($part) ? $part : [] as $name => $value) {
                if ($value && preg_match('/^(id|customer_id|quote_id_\d+)$/', (string)$name)) {
                    return true;
                }
            }
        }
        return false;
    }
}
