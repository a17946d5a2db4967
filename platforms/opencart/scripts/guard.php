<?php
// Runs before every request from outside: the scheduled jobs answer nobody there. Only PHP sees the route as OpenCart
// does, which trims the names of parameters, takes a written-out %7C for a separator, and leaves out of a class's name
// all but letters, digits and slashes.
(function (): void {
    foreach ([...array_map(null, array_keys($_GET), $_GET), ...array_map(null, array_keys($_POST), $_POST)] as [$name, $route]) {
        if (trim((string)$name) !== 'route' || !is_string($route)) {
            continue;
        }
        $class = preg_replace('/[^a-z0-9\/]/', '', strtolower(str_replace('%7C', '', $route)));
        if (preg_match('~^/*cron(/|$)~', (string)$class)) {
            http_response_code(404);
            exit;
        }
    }
    // Switched off in the administration, it would stop every page: the stylesheets cannot be written.
    if (isset($_POST['developer_sass'])) {
        $_POST['developer_sass'] = '1';
    }
})();
