"""What does it cost to have Tasker in a program: its import, and an engine that does nothing?

Importing must bring nothing that is an extra; each sample is a fresh interpreter,
its files in the system's cache. The idle engine stands open on a SQLite file for a second.
"""

import sys

import anyio
import msgspec

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from tasker.bench.memory import resident_bytes
from tasker.engine import Engine

IMPORT_MS_ALLOWED = 250.0
IDLE_MIB_ALLOWED = 60.0
EXTRAS = (
    *("uvloop", "matplotlib", "asyncpg", "redis", "aiomcache", "aiocache", "litestar"),
    *("strawberry", "opentelemetry", "dask", "prometheus_client", "jinja2", "httpx"),
)
"""What must not be imported: what extras bring, and httpx, which is imported when needed."""

_CODE = """
import sys, time
before = set(sys.modules)
began = time.perf_counter()
STATEMENT
took = time.perf_counter() - began
roots = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
import json
print(json.dumps({"ms": took * 1e3, "modules": len(set(sys.modules) - before), "roots": roots}))
"""


_STATEMENTS = {
    "import tasker": "import tasker",
    # The names are loaded when they are used; this loads all that a program of
    # definitions and an engine takes.
    "import its names": "from tasker import Engine, EngineConfig, TaskRequest, define",
}


class _Answer(msgspec.Struct):
    ms: float
    modules: int
    roots: list[str]


def _contenders(settings: Settings) -> list[Contender]:
    return [*map(_contender, _STATEMENTS), Contender(name="idle engine", store="sqlite")]


def _contender(name: str) -> Contender:
    return Contender(name=name)


async def _sample(contender: Contender, ground: Ground) -> Sample:
    if contender.name == "idle engine":
        return await _idle(contender, ground)
    code = _CODE.replace("STATEMENT", _STATEMENTS[contender.name])
    if not ground.settings.quick:
        await anyio.run_process([sys.executable, "-c", code])
    done = await anyio.run_process([sys.executable, "-c", code])
    answer = msgspec.json.decode(done.stdout, type=_Answer)
    extras = [root for root in answer.roots if root in EXTRAS]
    foreign = [root for root in answer.roots if root not in sys.stdlib_module_names]
    return Sample(
        metrics={
            "import_ms": answer.ms,
            "modules": answer.modules,
            "extras": len(extras),
        },
        facts={"imported": ", ".join(foreign), "of these extras": ", ".join(extras) or "none"},
    )


async def _idle(contender: Contender, ground: Ground) -> Sample:
    async with Engine.open(ground.fresh_url(contender)):
        await anyio.sleep(0.1 if ground.settings.quick else 1.0)
        resident = resident_bytes() / 2**20
    return Sample(metrics={"resident_mib": resident})


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        *(
            Ratio(
                name=f"{name} over 0.25 s",
                of=(name, "import_ms"),
                to=IMPORT_MS_ALLOWED,
                at_most=1.0,
            )
            for name in _STATEMENTS
        ),
        Ratio(
            name="idle engine over 60 MiB",
            of=("idle engine", "resident_mib"),
            to=IDLE_MIB_ALLOWED,
            at_most=1.0,
        ),
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
