"""How long until the command answers: `tasker --help`, beside an interpreter that does nothing?"""

import sys
import time

import anyio

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings

_COMMANDS = {
    "tasker --help": ["-m", "tasker", "--help"],
    "tasker run --help": ["-m", "tasker", "run", "--help"],
    "python -c pass": ["-c", "pass"],
}


def _contenders(settings: Settings) -> list[Contender]:
    return [Contender(name=name) for name in _COMMANDS]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    command = [sys.executable, *_COMMANDS[contender.name]]
    # Once before the clock starts: the first start reads the files from the disk.
    if not ground.settings.quick:
        await anyio.run_process(command)
    began = time.perf_counter()
    await anyio.run_process(command)
    return Sample(metrics={"start_ms": (time.perf_counter() - began) * 1e3})


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name=f"{name} over a bare interpreter",
            of=(name, "start_ms"),
            to=("python -c pass", "start_ms"),
        )
        for name in list(_COMMANDS)[:-1]
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
