"""Does somebody who listens slow down the work?

Diamonds on an engine with one subscriber, and in turns on one without, in the same
process: what each slice of one does over the slice of the other beside it, so that a
disturbance of the machine hits both. The subscribers hear `task.*`, three events a
diamond: one handles each at once, one sleeps ten seconds over it, one raises, one blocks
its thread for ten seconds, one posts it durably, as a webhook does, without a network.
Two more hear everything, some twenty-five events a diamond, alive and durably.

``of_none`` is throughput over that without a subscriber. ``cpu_of_none`` is the processor
time of a diamond over the same, which other programs disturb less. ``dropped`` counts
events for which the mailbox had no room. Nothing is aimed at for the durable ones, nor for
those who hear everything: what they hear is made, and recorded, and that is work.
"""

import time
from statistics import median

import anyio
from msgspec import Struct

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.shapes import DIAMOND, definition, request
from tasker.bench.load import run_load
from tasker.config import EngineConfig
from tasker.engine import Engine
from tasker.events.event import Event
from tasker.events.subscriber import BaseSubscriber

CONCURRENCY = 256
TROUBLE_SECONDS = 10.0
LATENCY_SECONDS = 0.005
"""What a webhook waits for its answer."""
ENOUGH = 0.95

_CONFIG = EngineConfig(subscriber_drain_seconds=0.0)


class _Handles(BaseSubscriber):
    subscribe_to = ("task.*",)

    async def handle_event(self, event: Event) -> None:
        pass


class _Sleeps(_Handles):
    async def handle_event(self, event: Event) -> None:
        await anyio.sleep(self.config["seconds"])


class _Raises(_Handles):
    async def handle_event(self, event: Event) -> None:
        raise ValueError(event.name)


class _Blocks(BaseSubscriber):
    subscribe_to = ("task.*",)

    def handle_event(self, event: Event) -> None:
        time.sleep(self.config["seconds"])


class _Durable(_Handles):
    durable = True

    async def handle_event(self, event: Event) -> None:
        await anyio.sleep(LATENCY_SECONDS)


class _Everything(_Handles):
    subscribe_to = ("*",)


class _DurableEverything(_Durable):
    subscribe_to = ("*",)


_TROUBLES = {"sleeps": _Sleeps, "raises": _Raises, "blocks": _Blocks}
_SUBSCRIBERS: dict[str, type[BaseSubscriber] | None] = {
    "none": None,
    "handles": _Handles,
    **_TROUBLES,
    "durable": _Durable,
    "everything": _Everything,
    "durable, everything": _DurableEverything,
}


class _Slice(Struct):
    """What an engine did in a slice of time."""

    steps_per_second: float
    cpu_us: float
    """Processor time of a task."""


def _contenders(settings: Settings) -> list[Contender]:
    [store] = settings.stores("sqlite")
    return [Contender(name=name, store=store) for name in _SUBSCRIBERS]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    kind = _SUBSCRIBERS[contender.name]
    seconds = 0.1 if ground.settings.quick else TROUBLE_SECONDS
    listening = [] if kind is None else [kind(config={"seconds": seconds})]
    made = definition("diamond", DIAMOND)
    engines = [
        Engine.open(
            ground.url(contender, f"{name}-{ground.repeat}"),
            definitions=made,
            subscribers=subscribers,
            config=_CONFIG,
        )
        for name, subscribers in (("none", []), ("one", listening))
    ]
    async with engines[0] as without, engines[1] as with_one:
        for engine in (without, with_one):
            await _slice(engine, ground.settings)
        pairs = []
        for turn in range(ground.settings.scaled(8, 2)):
            # A B B A: whoever goes second must not always be the same.
            order = (without, with_one) if turn % 2 == 0 else (with_one, without)
            slices = [await _slice(engine, ground.settings) for engine in order]
            pairs.append((slices[0], slices[1]) if turn % 2 == 0 else (slices[1], slices[0]))
        counts = with_one.health().subscribers
    return Sample(
        metrics={
            "steps_per_second": median(one.steps_per_second for _, one in pairs),
            "of_none": median(one.steps_per_second / none.steps_per_second for none, one in pairs),
            "cpu_of_none": median(one.cpu_us / none.cpu_us for none, one in pairs),
            "received": float(sum(each.received for each in counts)),
            "delivered": float(sum(each.delivered for each in counts)),
            "failed": float(sum(each.failed for each in counts)),
            "dropped": float(sum(each.dropped for each in counts)),
        }
    )


async def _slice(engine: Engine, settings: Settings) -> _Slice:
    began = time.process_time()
    load = await run_load(
        engine,
        request("diamond"),
        concurrency=settings.scaled(CONCURRENCY, 4),
        seconds=0.05 if settings.quick else 1.0,
    )
    if load.failed:
        raise RuntimeError(f"{load.failed} of {load.tasks} tasks did not complete")
    return _Slice(load.steps_per_second, (time.process_time() - began) / load.tasks * 1e6)


def _ratios(settings: Settings) -> list[Ratio]:
    aimed = ("none", "handles", *_TROUBLES)
    return [
        Ratio(
            name=f"{name}: throughput over none",
            of=(name, "of_none"),
            to=1.0,
            at_least=ENOUGH if name in aimed else None,
        )
        for name in _SUBSCRIBERS
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
