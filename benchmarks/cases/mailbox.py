"""What do an actor's mailbox and its start cost over the anyio parts that they are made of?"""

import time
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.limits import SPAWNED_AT_ONCE, hop, hop_nowait, spawn
from tasker.actors.actor import Actor
from tasker.actors.mailbox import Mailbox
from tasker.actors.supervisor import Supervisor


async def _mailbox_hop(count: int) -> float:
    there, back = Mailbox[int]("there", 1), Mailbox[int]("back", 1)

    async def echo() -> None:
        while True:
            await back.put(await there.get())

    async with anyio.create_task_group() as group:
        group.start_soon(echo)
        began = time.perf_counter()
        for i in range(count):
            await there.put(i)
            await back.get()
        seconds = time.perf_counter() - began
        group.cancel_scope.cancel()
    there.close()
    back.close()
    return seconds / (2 * count)


async def _mailbox_nowait(count: int) -> float:
    box = Mailbox[int]("box", 1)
    began = time.perf_counter()
    for i in range(count):
        box.put_nowait(i)
        box.get_nowait()
    seconds = time.perf_counter() - began
    box.close()
    return seconds / count


class _Nothing(Actor):
    async def run(self) -> None:
        pass


async def _actor_spawn(count: int) -> float:
    async with Supervisor("bench") as branch:
        began = time.perf_counter()
        for number in range(count):
            branch.adopt(_Nothing(f"actor-{number}"))
            if number % SPAWNED_AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
        while len(branch):
            await anyio.lowlevel.checkpoint()
        return (time.perf_counter() - began) / count


_PAIRS = ("a hop that waits", "a hop that does not", "a start")
_MEASURES: dict[str, Callable[[int], Awaitable[float]]] = {
    "a hop that waits, mailbox": _mailbox_hop,
    "a hop that waits, anyio": hop,
    "a hop that does not, mailbox": _mailbox_nowait,
    "a hop that does not, anyio": hop_nowait,
    "a start, mailbox": _actor_spawn,
    "a start, anyio": spawn,
}


def _contenders(settings: Settings) -> list[Contender]:
    return [Contender(name=name) for name in _MEASURES]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    measure = _MEASURES[contender.name]
    count = ground.settings.scaled(50_000, 200)
    await measure(count // 10)
    return Sample(metrics={"operation_us": await measure(count) * 1e6})


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name=f"{pair}: ours over anyio's",
            of=(f"{pair}, mailbox", "operation_us"),
            to=(f"{pair}, anyio", "operation_us"),
        )
        for pair in _PAIRS
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
