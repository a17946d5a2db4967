"""Work for many objects at a time."""

import concurrent.futures
import threading

THREADS = 8


def each(work, items):
    """Does the work for each item on several threads, and raises the first error. Few items wait at a time."""
    errors = []
    room = threading.Semaphore(4 * THREADS)

    def one(item):
        try:
            if not errors:
                work(*item)
        except BaseException as error:  # noqa: B902 - of whatever kind, the run fails with it
            errors.append(error)
        finally:
            room.release()

    with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
        for item in items:
            room.acquire()
            if errors:
                room.release()
                break
            threads.submit(one, item)
    if errors:
        raise errors[0]
