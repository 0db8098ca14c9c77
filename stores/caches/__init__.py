"""Caches: what they can do, found out and tried, and the caches that are built in.

The caches on servers are made by `make_cache`; their modules, and what those need, are
imported when they are asked for.
"""

from tasker.stores.caches.capabilities import CAPABILITIES, CacheCapabilities
from tasker.stores.caches.detectors import DetectorRegistry, Notice
from tasker.stores.caches.memory import MemoryCache
from tasker.stores.caches.probe import Verdict, probe_capabilities, proven, refuse
from tasker.stores.caches.protocols import (
    Cache,
    InspectsTtl,
    LockingCache,
    MeasuresUse,
    SharedCache,
)
from tasker.stores.caches.strategy import CacheStrategy, CoordinationMode
from tasker.stores.caches.urls import adapt, make_cache

__all__ = [
    "CAPABILITIES",
    "Cache",
    "CacheCapabilities",
    "CacheStrategy",
    "CoordinationMode",
    "DetectorRegistry",
    "InspectsTtl",
    "LockingCache",
    "MeasuresUse",
    "MemoryCache",
    "Notice",
    "SharedCache",
    "Verdict",
    "adapt",
    "make_cache",
    "probe_capabilities",
    "proven",
    "refuse",
]
