"""What does turning results and appends into what is stored cost, over msgspec alone?"""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.recorded import diamond_appends
from tasker.stores.encoding import encode
from tasker.stores.sqlite.batch import Batch

_RESULT = {"order": 7, "items": ["tea", "cup"], "total": 12.5, "paid": True, "note": None}
_encoder = msgspec.json.Encoder()
_CONTENDERS = ("a result, ours", "a result, msgspec", "an append, ours", "an append, msgspec")


def _contenders(settings: Settings) -> list[Contender]:
    return [Contender(name=name) for name in _CONTENDERS]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    count = ground.settings.scaled(50_000, 100)
    what, who = contender.name.split(", ")
    if what == "a result":
        values: list[Any] = [_RESULT] * count
        work: Callable[[Any], object] = _encode_result if who == "ours" else _encoder.encode
    else:
        values = await diamond_appends(max(1, count // 5))
        work = Batch().add if who == "ours" else _encode_transitions
    began = time.perf_counter()
    for value in values:
        work(value)
    return Sample(metrics={"operation_us": (time.perf_counter() - began) / len(values) * 1e6})


def _encode_result(value: Any) -> object:
    return encode(value, what="a result", limit=1_000_000)


def _encode_transitions(append: Any) -> object:
    return _encoder.encode(append.transitions)


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name=f"{what}: ours over msgspec",
            of=(f"{what}, ours", "operation_us"),
            to=(f"{what}, msgspec", "operation_us"),
        )
        for what in ("a result", "an append")
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
