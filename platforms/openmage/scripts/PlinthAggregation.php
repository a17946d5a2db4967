<?php
// The cache of the layered navigation, which is a table without lifetimes: nothing that a late replica says goes in.
class PlinthAggregation extends Mage_CatalogIndex_Model_Resource_Aggregation
{
    public function saveCacheData($data, $key, $tags, $storeId)
    {
        return PlinthResource::isLate() ? $this : parent::saveCacheData($data, $key, $tags, $storeId);
    }
}
