<?php
// As OpenMage's get.php does: by Zend's own request, and without any two dots.
set_include_path(SOURCES . '/vendor/shardj/zf1-future/library');
require 'Zend/Controller/Request/Http.php';
$path = str_replace('..', '', ltrim((new Zend_Controller_Request_Http())->getPathInfo(), '/'));
header('Content-Type: text/plain');
echo 'pod=' . ROLE . " file=/$path query=" . $_SERVER['QUERY_STRING'] . "\n";
