<?php
// Makes indexes anew, all or those that are named; unlike OpenMage's shell/indexer.php it fails when one of them does.
require 'app/bootstrap.php';
require 'app/Mage.php';
umask(0);
Mage::app('admin');
// As in OpenMage's own script: no session of the administration's, and events to which modules listen.
$_SESSION = [];
Mage::dispatchEvent('shell_reindex_init_process');
$indexer = Mage::getSingleton('index/indexer');
$processes = [];
foreach ($indexer->getProcessesCollection() as $process) {
    // The others are switched off, such as flat tables.
    if ($process->getIndexer()->isVisible()) {
        $processes[$process->getIndexerCode()] = $process;
    }
}
$codes = array_slice($argv, 1) ?: array_keys($processes);
if ($unknown = array_diff($codes, array_keys($processes))) {
    fwrite(STDERR, 'There is no index ' . implode(', ', $unknown) . '; allowed: ' . implode(', ', array_keys($processes)) . "\n");
    exit(1);
}
$failed = false;
foreach ($codes as $code) {
    try {
        $start = microtime(true);
        $processes[$code]->reindexEverything();
        Mage::dispatchEvent("{$code}_shell_reindex_after");
        printf("%s: %.1f seconds\n", $code, microtime(true) - $start);
    } catch (Exception $error) {
        $failed = true;
        fwrite(STDERR, "$code: " . $error->getMessage() . "\n");
    }
}
Mage::dispatchEvent('shell_reindex_finalize_process');
exit($failed ? 1 : 0);
