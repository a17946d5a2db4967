<?php
// Runs before every request from outside: the scheduled jobs answer nobody there. Only PHP sees the route as OpenCart
// does, which drops characters from it and takes the last of several.
(function (): void {
    foreach ([$_GET['route'] ?? '', $_POST['route'] ?? ''] as $route) {
        $route = is_string($route) ? preg_replace('/[^a-zA-Z0-9_|\/\.]/', '', $route) : '';
        if (preg_match('~^[/.|]*cron([/.|]|$)~i', (string)$route)) {
            http_response_code(404);
            exit;
        }
    }
    // Switched off in the administration, it would stop every page: the stylesheets cannot be written.
    if (isset($_POST['developer_sass'])) {
        $_POST['developer_sass'] = '1';
    }
})();
