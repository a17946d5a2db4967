<?php
// Holds a pod back until the tables are at the version of its code, also where everything is started at once.

require __DIR__ . '/common.php';

$db = connect();
awaitShop($db, true);
dropForeignCache($db);
