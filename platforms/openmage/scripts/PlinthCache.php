<?php
// OpenMage's cache in Redis. All pods share it: what is made of a late replica would stay in it for hours, such as a
// menu without a new category. It is kept for a minute, and so becomes right as soon as the replica is.
class PlinthCache extends Cm_Cache_Backend_Redis
{
    private const LATE_SECONDS = 60;
    /** Made of files and of what is always read from the source. */
    private const NEVER_LATE = '/LAYOUT_GENERAL_CACHE_TAG$/';

    public function save($data, $id, $tags = [], $specificLifetime = false)
    {
        if (PlinthResource::isLate() && !preg_grep(self::NEVER_LATE, (array)$tags)) {
            // Neither null nor 0 has an end.
            $lifetime = (int)$this->getLifetime($specificLifetime) ?: self::LATE_SECONDS;
            $specificLifetime = min($lifetime, self::LATE_SECONDS);
        }
        return parent::save($data, $id, $tags, $specificLifetime);
    }
}
