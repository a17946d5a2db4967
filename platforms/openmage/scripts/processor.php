<?php
// What ended a request goes to the log, too: OpenMage only leaves a file in var/report and shows its number.
//
// By include_path it is found before errors/processor.php, also by what fails before there is a configuration with its
// observers, such as a cache that is away. Like everything that is included, it sees the variables of errors/report.php.
if (isset($reportData)) {
    $logger = new Monolog\Logger('OpenMage');
    $logger->pushHandler(new PlinthLog('report'));
    $logger->error("$reportData[0]\n$reportData[1]");
}
require_once dirname(debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS, 1)[0]['file']) . '/processor.php';
