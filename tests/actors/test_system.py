"""The whole tree: opened and closed as one thing, and able to describe itself."""

import anyio
import pytest

from tasker.actors.errors import ActorStoppedError
from tasker.actors.supervisor import Strategy, Supervisor
from tasker.actors.system import ActorSystem
from tests.actors.test_supervision import Child
from tests.actors.world import settle


async def test_the_tree_describes_itself():
    log: list[str] = []
    async with ActorSystem("engine") as system:
        ref = system.root.start(lambda: Child("journal", log))
        tasks = await system.branch(Supervisor("tasks"))
        for n in range(5):
            tasks.adopt(Child(f"task-{n}", log))
        await settle()
        ref.tell_nowait("fail")
        ref.tell_nowait("x")
        await settle()
        top = system.describe(limit=3)
        assert (top.name, top.kind, top.state, top.mailbox) == (
            "engine",
            "Supervisor",
            "running",
            None,
        )
        journal, branch = top.children
        assert (journal.name, journal.kind, journal.state) == ("journal", "Child", "running")
        assert journal.mailbox is not None
        assert (journal.restarts, journal.mailbox.depth, journal.mailbox.received) == (1, 0, 2)
        assert journal.age_seconds >= 0
        assert branch.name == "tasks"
        assert [child.name for child in branch.children] == ["task-0", "task-1", "task-2"]


async def test_leaving_ends_the_youngest_branch_first():
    log: list[str] = []
    async with ActorSystem("engine") as system:
        root = system.root.adopt(Child("root", log))
        (await system.branch(Supervisor("old"))).adopt(Child("old", log))
        (await system.branch(Supervisor("young", strategy=Strategy.ONE_FOR_ALL))).adopt(
            Child("young", log)
        )
        await settle()
        log.clear()
    assert log == ["young down", "old down", "root down"]
    with pytest.raises(ActorStoppedError):
        await root.tell("x")


async def test_an_error_inside_ends_every_actor():
    log: list[str] = []
    with pytest.raises(KeyError):  # noqa: PT012
        async with ActorSystem("engine") as system:
            (await system.branch(Supervisor("tasks"))).adopt(Child("a", log))
            await settle()
            raise KeyError("mine")
    assert log == ["a up", "a down"]


async def test_cancellation_from_outside_ends_every_actor():
    log: list[str] = []
    with anyio.CancelScope() as scope:
        async with ActorSystem("engine") as system:
            (await system.branch(Supervisor("tasks"))).adopt(Child("a", log))
            await settle()
            scope.cancel()
    assert log == ["a up", "a down"]
