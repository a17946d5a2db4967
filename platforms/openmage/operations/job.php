<?php
// Puts a job of OpenMage's first in the schedule, which the next run of cron works off; without a name, lists all jobs.
require 'app/bootstrap.php';
require 'app/Mage.php';
umask(0);
Mage::app('admin');
$jobs = [];
foreach (['crontab/jobs', 'default/crontab/jobs'] as $path) {
    foreach (Mage::getConfig()->getNode($path) ?: [] as $code => $job) {
        if ($job->run) {
            $jobs[$code] = true;
        }
    }
}
$jobs = array_keys($jobs);
sort($jobs);
if (!isset($argv[1])) {
    echo implode("\n", $jobs), "\n";
    exit;
}
if (!in_array($argv[1], $jobs, true)) {
    fwrite(STDERR, "There is no job $argv[1]; without a name, all are listed.\n");
    exit(1);
}
// As OpenMage's own schedule: whole minutes, in the time zone of PHP.
$now = date('Y-m-d H:i:00');
Mage::getModel('cron/schedule')->setJobCode($argv[1])->setStatus(Mage_Cron_Model_Schedule::STATUS_PENDING)
    ->setCreatedAt($now)->setScheduledAt($now)->save();
echo "$argv[1] runs within a minute; its log: that of the component cron.\n";
