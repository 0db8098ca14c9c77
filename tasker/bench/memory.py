"""Memory of this process, as the system counts it."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
KIB = 1024


def resident_bytes() -> int:
    """Return how much memory the process holds now; its peak where that is unknown."""
    return _from_status("VmRSS") or _peak_of_rusage()


def peak_bytes() -> int:
    """Return the most memory that the process has held.

    From ``/proc`` where there is one: what `getrusage` says includes the peak of
    the process that this one was forked from.
    """
    return _from_status("VmHWM") or _peak_of_rusage()


def _from_status(field: str) -> int | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * KIB
    return None


def _peak_of_rusage() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * KIB
