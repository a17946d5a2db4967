<?php
// Empties the shop's own part of the cache: all types, or those that are named.
require 'app/bootstrap.php';
require 'app/Mage.php';
umask(0);
Mage::app('admin');
$known = array_keys(Mage::helper('core')->getCacheTypes());
$types = array_slice($argv, 1) ?: $known;
if ($unknown = array_diff($types, $known)) {
    fwrite(STDERR, 'There is no cache ' . implode(', ', $unknown) . '; allowed: ' . implode(', ', $known) . "\n");
    exit(1);
}
foreach ($types as $type) {
    Mage::app()->getCacheInstance()->cleanType($type);
    echo "$type: emptied\n";
}
