<?php
// What ended a request goes to the log, too: OpenMage only leaves a file in var/report and shows its number.
class PlinthReport
{
    public function write(Varien_Event_Observer $observer): void
    {
        $logger = new Monolog\Logger('OpenMage');
        $logger->pushHandler(new PlinthLog('report'));
        $logger->error((string)$observer->getEvent()->getException());
    }
}
