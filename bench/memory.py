"""How much memory a measurement takes."""

import re
import resource
from pathlib import Path


def peak_mb() -> int:
    """The most memory that this process ever had; ru_maxrss where Linux does not say it.

    ru_maxrss alone would not do: in a new process it begins with the peak of the one that started it.
    """
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return round((int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024)
