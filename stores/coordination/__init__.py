"""Coordination of processes by a cache, in three modes behind one protocol."""

from tasker.stores.coordination.atomic import AtomicCoordination
from tasker.stores.coordination.basic import BasicCoordination
from tasker.stores.coordination.fallback import FallbackCoordination
from tasker.stores.coordination.fences import FenceGate
from tasker.stores.coordination.local import LocalCoordination
from tasker.stores.coordination.protocol import Claim, Coordination, Turn
from tasker.stores.coordination.setup import open_coordination

__all__ = [
    "AtomicCoordination",
    "BasicCoordination",
    "Claim",
    "Coordination",
    "FallbackCoordination",
    "FenceGate",
    "LocalCoordination",
    "Turn",
    "open_coordination",
]
