<?php
// Configuration whose first reading runs the setup scripts, whatever local.xml and the cache say.
class PlinthSetup extends Mage_Core_Model_Config
{
    private bool $done = false;

    public function init($options = [])
    {
        if ($this->done) {
            return parent::init($options);
        }
        $this->done = true;
        $this->setCacheChecksum(null);
        $this->_cacheLoadedSections = [];
        $this->setOptions($options);
        $this->loadBase();
        try {
            $this->getCacheSaveLock();
            $this->_useCache = false;
            $this->loadModules();
            Mage_Core_Model_Resource_Setup::applyAllUpdates();
            $this->loadDb();
            $this->loadEnv();
        } finally {
            $this->releaseCacheSaveLock();
        }
        return $this;
    }
}
