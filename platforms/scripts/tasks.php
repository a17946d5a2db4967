<?php
// What the Tasks of a shop share: the environment, the database, and what this program remembers in it.
//
// DB_HOSTNAME, DB_PORT, DB_DATABASE, DB_USERNAME, DB_PASSWORD: the database; DB_TLS_CA: a file with the authorities by
// which its certificate is known, if it is reached with TLS; PATIENCE: seconds to wait, 600 if not set.

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

/** Seconds to wait for servers and for other Tasks. */
define('PATIENCE', (int)(getenv('PATIENCE') ?: 600));

/** Table of this program's own; it has no prefix of a shop's, so that no installer or upgrade knows it. */
const STATE = 'plinth_state';

set_exception_handler(function (Throwable $error): void {
    fail(get_class($error) . ': ' . $error->getMessage());
});

function say(string $message): void
{
    fwrite(STDOUT, $message . "\n");
}

/** Ends with an error that another try may not meet. */
function fail(string $message): never
{
    fwrite(STDERR, 'FAILED: ' . $message . "\n");
    exit(1);
}

/** Ends with an error that no other try would spare: the exit code tells the Job to give up at once. */
function refuse(string $message): never
{
    fwrite(STDERR, 'REFUSED: ' . $message . "\n");
    exit(78);
}

function environment(string $name): string
{
    $value = getenv($name);
    if ($value === false) {
        fail("the environment variable $name is not set");
    }
    return $value;
}

/** Connects to the shop's database, as soon as it accepts the account. */
function connect(): mysqli
{
    $end = time() + PATIENCE;
    for (;;) {
        try {
            $db = new mysqli();
            $authorities = getenv('DB_TLS_CA');
            if ($authorities !== false) {
                $db->ssl_set(null, null, $authorities, null, null);
            }
            $db->real_connect(
                environment('DB_HOSTNAME'),
                environment('DB_USERNAME'),
                environment('DB_PASSWORD'),
                environment('DB_DATABASE'),
                (int)environment('DB_PORT'),
                null,
                $authorities === false ? 0 : MYSQLI_CLIENT_SSL
            );
            $db->set_charset('utf8mb4');
            // The lock ends with the connection, which is idle while installer and upgrade work.
            $db->query('SET SESSION wait_timeout = 28800');
            return $db;
        } catch (mysqli_sql_exception $error) {
            if (time() >= $end) {
                fail('the database cannot be used: ' . $error->getMessage());
            }
            say('waiting for the database: ' . $error->getMessage());
            sleep(2);
        }
    }
}

/** @param list<string|int> $values */
function query(mysqli $db, string $sql, array $values = []): array
{
    $statement = $db->prepare($sql);
    $statement->execute($values === [] ? null : $values);
    $result = $statement->get_result();
    return $result === false ? [] : $result->fetch_all(MYSQLI_ASSOC);
}

/** Lets one Task at a time work on the database: two pods of a Job can overlap. The lock ends with the connection. */
function lock(mysqli $db): void
{
    $name = 'plinth.' . sha1(environment('DB_DATABASE'));
    $got = query($db, 'SELECT GET_LOCK(?, ?) AS got', [$name, PATIENCE])[0]['got'];
    if ((int)$got !== 1) {
        fail('another Task has been working on the database for ' . PATIENCE . ' seconds');
    }
}

/**
 * Names of the tables that begin with a prefix.
 *
 * @return list<string>
 */
function tables(mysqli $db, string $prefix): array
{
    $sql = 'SELECT table_name AS name FROM information_schema.tables
            WHERE table_schema = DATABASE() AND LEFT(table_name, CHAR_LENGTH(?)) = ? ORDER BY table_name';
    return array_column(query($db, $sql, [$prefix, $prefix]), 'name');
}

/** What this program remembers under a name, or null. */
function recall(mysqli $db, string $name): ?string
{
    if (tables($db, STATE) === []) {
        return null;
    }
    return query($db, 'SELECT value FROM ' . STATE . ' WHERE name = ?', [$name])[0]['value'] ?? null;
}

function remember(mysqli $db, string $name, string $value): void
{
    $db->query('CREATE TABLE IF NOT EXISTS ' . STATE . ' (name VARCHAR(64) NOT NULL PRIMARY KEY, value TEXT NOT NULL) ENGINE=InnoDB');
    query($db, 'REPLACE INTO ' . STATE . ' (name, value) VALUES (?, ?)', [$name, $value]);
}

function forget(mysqli $db, string $name): void
{
    query($db, 'DELETE FROM ' . STATE . ' WHERE name = ?', [$name]);
}
