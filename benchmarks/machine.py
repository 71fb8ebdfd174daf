"""What the figures of a run depend on besides the code: how busy the machine is, and its disk."""

import os
import tempfile
import time
from statistics import median

SYNCS = 50
PAGE = bytes(4096)


def load_average() -> float:
    """The processes that wanted a core in the last minute, on average."""
    return os.getloadavg()[0]


def sync_milliseconds() -> float:
    """The median time until a page is on the disk, below which nothing durable is answered."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(SYNCS):
            file.write(PAGE)
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    return median(times) * 1000
