<?php
// Runs the jobs that are due, in one process: OpenMage's own cron.php starts others and ends, with 0 in any case.
//
// Fails when a job did, with what OpenMage noted of it. A pod that is stopped lets its job end: the first process of a
// container does not die of SIGTERM by itself.

require __DIR__ . '/common.php';

$table = environment('DB_PREFIX') . 'cron_schedule';
Mage::app('admin')->setUseSessionInUrl(false);
$db = connect();
$earlier = array_column(failures($db, $table), 'schedule_id');
$started = gmdate('Y-m-d H:i:s');

Mage::getConfig()->init()->loadEventObservers('crontab');
Mage::app()->addEventArea('crontab');
foreach (['always', 'default'] as $event) {
    Mage::dispatchEvent($event);
}

$done = "SELECT job_code FROM `$table` WHERE status = 'success' AND executed_at >= ? ORDER BY schedule_id";
foreach (query($db, $done, [$started]) as $row) {
    say("{$row['job_code']}: success");
}
// A job that cannot even begin has no time of execution.
$failed = array_filter(failures($db, $table), fn (array $row): bool => !in_array($row['schedule_id'], $earlier, true));
if ($failed !== []) {
    fail(implode("\n", array_map(fn (array $row): string => "{$row['job_code']}: {$row['messages']}", $failed)));
}

function failures(mysqli $db, string $table): array
{
    return query($db, "SELECT schedule_id, job_code, messages FROM `$table` WHERE status = 'error' ORDER BY schedule_id");
}
