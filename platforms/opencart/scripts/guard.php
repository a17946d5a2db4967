<?php
// Runs before every request from outside: the scheduled jobs answer nobody there. Only PHP sees the route as OpenCart
// does, which trims the names of parameters, takes a written-out %7C for a separator, and leaves all but letters,
// digits and slashes out of a class's name.
(function (): void {
    $isCron = fn (string $route): bool => preg_match('~^/*cron(/|$)~i', preg_replace('/[^a-z0-9\/]/i', '', $route)) === 1;
    foreach ([$_GET, $_POST] as $sent) {
        foreach ($sent as $name => $route) {
            if (trim((string)$name) !== 'route' || !is_string($route)) {
                continue;
            }
            $route = str_replace('%7C', '|', $route);
            if ($isCron($route) || $isCron(strtr($route, '|.', '//'))) {
                http_response_code(404);
                exit;
            }
        }
    }
    // Switched off in the administration, it would stop every page: the stylesheets cannot be written.
    if (isset($_POST['developer_sass'])) {
        $_POST['developer_sass'] = '1';
    }
})();
