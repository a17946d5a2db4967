/** PHP that makes `$connect()`, a connection to the shop's database with short time-outs, from its own files. */
const connect = (settings: string): string => `
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    ini_set('mysqlnd.net_read_timeout', '5');
    ${settings}
    $connect = function () use ($host, $user, $password, $name, $port) {
        $db = mysqli_init();
        $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, 2);
        $db->real_connect($host, $user, $password, $name, $port);
        return $db;
    };`;

/** Runs the statement in its first argument, and prints rows as lines with tabs. */
export const queryProgram = (settings: string): readonly string[] => [
    "php",
    "-r",
    `${connect(settings)}
    $result = $connect()->query($argv[1]);
    if ($result !== true) foreach ($result as $row) echo implode("\\t", $row), "\\n";`,
    "--",
];

/** Writes numbered rows from the number in its first argument on, until its standard input ends. See Writer. */
export const writerProgram = (settings: string): readonly string[] => [
    "php",
    "-r",
    `${connect(settings)}
    stream_set_blocking(STDIN, false);
    $db = null;
    for ($n = (int) $argv[1]; !feof(STDIN); $n++) {
        try {
            $db ??= $connect();
            $db->query("INSERT INTO plinth_live (n) VALUES ($n)");
            echo "ok $n\\n";
        } catch (Throwable $error) {
            $db = null;
            echo "failed $n ", $error->getMessage(), "\\n";
        }
        usleep(50000);
        fread(STDIN, 1);
    }`,
    "--",
];

/** Finds the server's message in an error of these programs. */
export const phpMessage = /mysqli_sql_exception: (.*?) in /;
