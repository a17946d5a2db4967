<?php
// Runs before OpenCart. Its driver takes one certificate of an authority at most, by settings that its own files do not
// read, and writes it to a new file for each connection. It begins with a call of mysqli_init, which PHP looks for in the
// driver's namespace first.
namespace Opencart\System\Library\DB;

if (getenv('DB_TLS_CA') !== false) {
    /** A connection with TLS, to a server whose certificate is valid and names the host. */
    function mysqli_init(): \mysqli
    {
        return new class extends \mysqli {
            public function real_connect(
                ?string $hostname = null,
                ?string $username = null,
                ?string $password = null,
                ?string $database = null,
                ?int $port = null,
                ?string $socket = null,
                int $flags = 0
            ): bool {
                $this->ssl_set(null, null, getenv('DB_TLS_CA'), null, null);
                return parent::real_connect($hostname, $username, $password, $database, $port, $socket, $flags | MYSQLI_CLIENT_SSL);
            }
        };
    }
}
