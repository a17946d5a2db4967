"""Runs before uWSGI is told to stop: gives balancers time to notice, then waits until no connection waits for a process.

uWSGI answers what its processes have taken; the kernel resets what they have not.

Arguments: the port; seconds for balancers; the most seconds for those that wait.
"""

import os
import sys
import time

port, notice, longest = (int(word) for word in sys.argv[1:])


def waiting():
    """How many connections nobody has accepted: of a listening socket, the kernel's second queue."""
    count = 0
    # A socket of IPv6, which takes connections of IPv4, too, is in the second list alone; kernels without IPv6 lack it.
    for path in filter(os.path.exists, ("/proc/net/tcp", "/proc/net/tcp6")):
        with open(path, encoding="ascii") as file:
            for line in file:
                _, local, _, state, queues = line.split()[:5]
                if state == "0A" and local.endswith(f":{port:04X}"):
                    count += int(queues.partition(":")[2], 16)
    return count


time.sleep(notice)
deadline = time.monotonic() + longest
while waiting() > 0 and time.monotonic() < deadline:
    time.sleep(0.2)
# A process that has just taken a connection has not begun with its request.
time.sleep(0.5)
