"""How the parts of an engine stand at one moment: read when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from tasker.actors.journal import JournalStatistics
from tasker.actors.permits import PermitStatistics
from tasker.actors.residency import MailboxFigures, ResidencyStatistics
from tasker.concurrency import ConcurrencyStatistics


class Figures(Struct, frozen=True, kw_only=True):
    """What an engine's parts have to tell.

    ``loop_lag_seconds`` is by how much the event loop was late at worst in the last
    seconds; ``dropped`` has the events that each subscriber has lost, ``stream_dropped``
    those that all streams together have, ``dead_lettered`` those that could not be delivered
    to each durable subscription. ``telemetry_failures`` counts, for the parts of telemetry,
    how often each could not take note of something.
    """

    tasks: ResidencyStatistics
    mailboxes: MailboxFigures
    journal: JournalStatistics
    permits: PermitStatistics
    concurrency: ConcurrencyStatistics
    loop_lag_seconds: float
    dropped: Mapping[str, int] = {}
    stream_dropped: int = 0
    dead_lettered: Mapping[str, int] = {}
    telemetry_failures: Mapping[str, int] = {}
