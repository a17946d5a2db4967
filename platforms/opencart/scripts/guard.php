<?php
// Runs before every request from outside.

if (getenv('DB_TLS_CA') !== false) {
    require __DIR__ . '/database.php';
}

// The scheduled jobs answer nobody there. Only PHP sees the route as OpenCart does, which trims the names of parameters,
// takes a written-out %7C for a separator, and leaves all but letters, digits and slashes out of a class's name.
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

// OpenCart states no time limit when it connects to database and cache, so that PHP's own applies: a minute, for which a
// server that is gone would hold every worker. It connects before it needs templates; from then on, what extensions read
// from elsewhere has the usual limit again.
(function (): void {
    ini_set('default_socket_timeout', '5');
    spl_autoload_register(function (string $class): void {
        if ($class === 'Opencart\\System\\Library\\Template') {
            ini_restore('default_socket_timeout');
        }
    });
})();

// After an error OpenCart sends visitors to a page that has status 200, so that monitoring and search engines would take
// it for the shop's: it is shown at once instead, as what it is.
register_shutdown_function(function (): void {
    if (headers_sent() || !in_array('Location: error.html', headers_list(), true)) {
        return;
    }
    header_remove('Location');
    header('Content-Type: text/html; charset=utf-8');
    header('Retry-After: 10');
    http_response_code(503);
    readfile(getenv('OPENCART_ROOT') . '/error.html');
});
