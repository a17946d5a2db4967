<?php
// Connections: reads go to the replicas where the environment says so (OPENMAGE_READS=replica), else to the source.
//
// local.xml cannot say it: all pods share it by the cache. Shops' settings, attributes and texts always come from the
// source, since what is made of them stays in the cache long after a replica was late.
class PlinthResource extends Mage_Core_Model_Resource
{
    private const CACHED = ['core_read', 'eav_read', 'cms_read'];

    private ?bool $replica = null;

    public function getConnection($name)
    {
        if (!isset($this->_connections[$name])) {
            $config = Mage::getConfig()->getResourceConnectionConfig($name);
            $read = $config && $config->getParent()->getName() === 'default_read';
            if ($read && (!$this->replica() || in_array($name, self::CACHED, true))) {
                return parent::getConnection('default_setup');
            }
        }
        return parent::getConnection($name);
    }

    /** For modules that name no connection of their own. */
    protected function _getDefaultConnection($requiredConnectionName)
    {
        if (in_array($requiredConnectionName, self::CACHED, true) || !str_contains($requiredConnectionName, 'read')) {
            return $this->getConnection('default_setup');
        }
        return $this->getConnection('default_read');
    }

    private function replica(): bool
    {
        return $this->replica ??= getenv('OPENMAGE_READS') === 'replica';
    }
}
