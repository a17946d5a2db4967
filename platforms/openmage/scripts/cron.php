<?php
// Runs the jobs that are due, in one process: OpenMage's own cron.php starts others and ends, with 0 in any case.
//
// Fails when a job did, with what OpenMage noted of it.

require __DIR__ . '/common.php';

$prefix = environment('DB_PREFIX');
Mage::app('admin')->setUseSessionInUrl(false);
$db = connect();
$clock = fn (): string => gmdate('Y-m-d H:i:s');
$started = $clock();

Mage::getConfig()->init()->loadEventObservers('crontab');
Mage::app()->addEventArea('crontab');
foreach (['always', 'default'] as $event) {
    Mage::dispatchEvent($event);
}

$sql = "SELECT job_code, status, messages FROM `{$prefix}cron_schedule` WHERE executed_at >= ? OR finished_at >= ? ORDER BY schedule_id";
$failed = [];
foreach (query($db, $sql, [$started, $started]) as $row) {
    say("{$row['job_code']}: {$row['status']}");
    if ($row['status'] === 'error') {
        $failed[] = "{$row['job_code']}: {$row['messages']}";
    }
}
if ($failed !== []) {
    fail(implode("\n", $failed));
}
