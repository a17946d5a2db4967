<?php
// Brings the tables to the version of this image; safe to run any number of times.
//
// Pods of the older image serve meanwhile: setup scripts of a release add columns and tables, as a rule, and the older
// code does not see them. They have a cache of their own, since its prefix names the release.

require __DIR__ . '/common.php';

$prefix = environment('DB_PREFIX');
$version = Mage::getOpenMageVersion();
$db = connect();
awaitShop($db, false);
lock($db);

$differing = differing($db, $prefix);
$behind = behind($differing);
foreach (array_diff_key($differing, $behind) as $name => [$have, $wanted, $pool]) {
    $ahead = "$name is at version $have, this image at $wanted";
    if ($pool === 'core') {
        refuse("$ahead: OpenMage cannot go back. Use the newer image, or restore a backup.");
    }
    say("$ahead: the module cannot go back, and its tables stay as they are");
}
$begun = recall($db, 'upgrade');
if ($behind === [] && $begun === null) {
    say("the tables are at version $version, nothing to do");
    exit(0);
}
foreach ($behind as $name => [$have, $wanted]) {
    say("$name: " . ($have ?? 'new') . " to $wanted");
}

if ($begun !== null) {
    say('an upgrade died half-way: going on');
} else {
    // Those that were left so before the upgrade are none of its business.
    $begun = json_encode(staleIndexes($db, $prefix));
    remember($db, 'upgrade', $begun);
}
setUp();
reindex(array_diff(staleIndexes($db, $prefix), json_decode($begun, true)));
cleanCache();
$left = behind(differing($db, $prefix));
if ($left !== []) {
    fail('the setup scripts ended, but these modules are not at their version: ' . implode(', ', array_keys($left)));
}
forget($db, 'upgrade');
say("the tables are at version $version");
