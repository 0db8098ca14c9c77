"""`tasker nodes`: who works a store, and to drain one of them."""

import os
from contextlib import contextmanager

import pytest
from anyio.from_thread import start_blocking_portal

from tasker import Engine
from tests.cli.command import Here
from tests.engine.support import QUICK, one_step
from tests.server.threaded import served_in_a_thread


@contextmanager
def working(url):
    """Have an engine work a store meanwhile; gives it, and what runs things in its loop."""
    engine = Engine.open(url, definitions=one_step(), config=QUICK)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(engine):
        yield engine, portal


@pytest.fixture(params=["store", "server"])
def shared(request, postgres, folder, capsys):
    """A PostgreSQL that two nodes work, and the command on it or on a server of it."""
    url = postgres.url()
    with working(url), working(url) as (engine, portal):
        if request.param == "store":
            yield lambda *said: Here(capsys)(*said, "--store", url), engine, portal
            return
        with served_in_a_thread(url, definitions=one_step()) as server:
            yield lambda *said: Here(capsys)(*said, "--server", server), engine, portal


def test_nodes_are_listed_and_drained(shared):
    tasker, engine, portal = shared
    told = tasker("nodes", "--json").json["nodes"]
    known = portal.call(engine.nodes)
    assert [each["node_id"] for each in told] == [each.node.node_id for each in known]
    said = tasker("nodes")
    assert (said.code, said.err) == (0, "")
    title, *rows = said.out.splitlines()
    assert title.split() == [
        *("node", "host", "pid", "since", "tasks", "lease", "left", "lag", "version", "draining")
    ]
    assert [row.split()[0] for row in rows] == [each["node_id"] for each in told]
    assert [row.split()[2] for row in rows] == [str(os.getpid())] * 2
    drained = told[1]["node_id"]
    assert tasker("nodes", "drain", drained).out == (
        f"{drained} takes no more tasks, and hands over those that it has\n"
    )
    assert [each["draining"] for each in tasker("nodes", "--json").json["nodes"]] == [False, True]
    assert tasker("nodes").out.splitlines()[2].endswith("yes")
    said = tasker("nodes", "drain", "nowhere", "--json")
    assert (said.code, said.error["type"]) == (1, "UnknownNodeError")
    assert said.error["known"] == [each["node_id"] for each in told]


def test_a_file_has_one_node_or_none(folder, capsys):
    tasker = Here(capsys)
    with working("sqlite:///tasker.db"):
        [row] = tasker("nodes").out.splitlines()[1:]
        # There is no lease: a lock says who is alive.
        assert row.split()[6] == "-"
        said = tasker("nodes", "drain", row.split()[0])
        assert (said.code, "one node at a time" in said.err) == (1, True)
    said = tasker("nodes")
    assert (said.code, said.out, said.err) == (0, "", "nobody works the store\n")
