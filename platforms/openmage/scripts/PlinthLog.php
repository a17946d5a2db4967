<?php
// OpenMage's log files as lines of JSON on stderr: in a pod nobody would find files.
//
// local.xml names this class as writer_model. A line is cut to what php-fpm passes on in one piece.
class PlinthLog extends Monolog\Handler\StreamHandler
{
    private const LONGEST = 7000;

    private string $log;

    public function __construct(string $file, Monolog\Level $level = Monolog\Level::Debug)
    {
        $this->log = basename($file);
        parent::__construct('php://stderr', $level);
    }

    protected function write(Monolog\LogRecord $record): void
    {
        $line = [
            'time' => $record->datetime->format('c'),
            'level' => strtolower($record->level->getName()),
            'log' => $this->log,
            'message' => trim($record->message),
        ];
        $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE;
        while (strlen($json = (string)json_encode($line, $flags)) > self::LONGEST) {
            $line['message'] = mb_strcut($line['message'], 0, intdiv(strlen($line['message']), 2)) . ' …';
        }
        $record->formatted = "$json\n";
        parent::write($record);
    }
}
