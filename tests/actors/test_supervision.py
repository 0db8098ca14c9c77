"""Who is started again, when, and how often."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import pytest

from tasker.actors.actor import Actor
from tasker.actors.errors import ActorStoppedError, RestartLimitError
from tasker.actors.supervisor import Restart, Strategy, Supervisor
from tests.actors.world import settle


class Child(Actor):
    """Writes its life into a log."""

    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__(name)
        self.log = log
        self.got: list[Any] = []

    async def setup(self) -> None:
        self.log.append(f"{self.name} up")

    async def receive(self, message: Any) -> None:
        if message == "end":
            self.stop()
        elif message == "fail":
            raise ValueError(self.name)
        else:
            self.log.append(f"{self.name} got {message}")

    async def teardown(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.log.append(f"{self.name} down")


def names(top: Supervisor) -> set[str]:
    return {child.name for child in top.describe().children}


@pytest.mark.parametrize(
    ("restart", "after_failure", "after_end"),
    [
        (Restart.PERMANENT, True, True),
        (Restart.TRANSIENT, True, False),
        (Restart.TEMPORARY, False, False),
    ],
)
async def test_which_ends_are_followed_by_a_restart(
    restart: Restart, after_failure: bool, after_end: bool
):
    for message, comes_back in (("fail", after_failure), ("end", after_end)):
        log: list[str] = []
        async with Supervisor("top") as top:
            ref = top.start(partial(Child, "a", log), restart=restart)
            ref.tell_nowait(message)
            await settle()
            assert log == ["a up", "a down", *(["a up"] if comes_back else [])]
            assert names(top) == ({"a"} if comes_back else set())


@pytest.mark.parametrize(
    ("strategy", "restarted"),
    [
        (Strategy.ONE_FOR_ONE, {"b"}),
        (Strategy.ONE_FOR_ALL, {"a", "b", "c"}),
        (Strategy.REST_FOR_ONE, {"b", "c"}),
    ],
)
async def test_which_siblings_are_restarted(strategy: Strategy, restarted: set[str]):
    log: list[str] = []
    async with Supervisor("top", strategy=strategy, max_restarts=1) as top:
        refs = {n: top.start(partial(Child, n, log)) for n in "abc"}
        await settle()
        refs["b"].tell_nowait("fail")
        await settle()
        ups = {n for n in "abc" if log.count(f"{n} up") == 2}
        assert ups == restarted
        # One failure is one restart, however many siblings go along.
        assert top.describe().restarts == 1
        for ref in refs.values():
            ref.tell_nowait("hello")
        await settle()
        assert [line for line in log if "hello" in line] == [f"{n} got hello" for n in "abc"]


async def test_the_mailbox_is_kept_across_a_restart():
    log: list[str] = []
    async with Supervisor("top") as top:
        ref = top.start(lambda: Child("a", log))
        for message in ("fail", "one", "two"):
            ref.tell_nowait(message)
        await settle()
        assert log == ["a up", "a down", "a up", "a got one", "a got two"]
        assert top.describe().children[0].restarts == 1


async def test_too_many_restarts_escalate():
    log: list[str] = []
    now = [0.0]
    with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012
        async with Supervisor(
            "top", max_restarts=2, within_seconds=10, monotonic=lambda: now[0]
        ) as top:
            ref = top.start(lambda: Child("a", log))
            other = top.start(lambda: Child("b", log))
            for _ in range(3):
                ref.tell_nowait("fail")
            await settle()
    [error] = caught.value.exceptions
    assert isinstance(error, RestartLimitError)
    assert (error.actor, error.restarts, error.seconds) == ("a", 2, 10)
    assert log.count("a up") == 3
    assert log[-1] == "b down"
    with pytest.raises(ActorStoppedError):
        other.tell_nowait("x")


async def test_restarts_that_are_long_ago_do_not_count():
    log: list[str] = []
    now = [0.0]
    async with Supervisor(
        "top", max_restarts=2, within_seconds=10, monotonic=lambda: now[0]
    ) as top:
        ref = top.start(lambda: Child("a", log))
        for _ in range(6):
            ref.tell_nowait("fail")
            await settle()
            now[0] += 6
        assert log.count("a up") == 7


async def test_leaving_stops_in_the_reverse_order_of_the_start():
    log: list[str] = []
    async with Supervisor("top") as top:
        for n in "abc":
            top.start(partial(Child, n, log))
        await settle()
        log.clear()
    assert log == ["c down", "b down", "a down"]


async def test_teardown_runs_on_cancellation_and_may_wait():
    log: list[str] = []
    with anyio.CancelScope() as scope:
        async with Supervisor("top") as top:
            top.start(lambda: Child("a", log))
            await settle()
            scope.cancel()
    assert log == ["a up", "a down"]


async def test_an_error_in_teardown_is_the_childs_own():
    class Clumsy(Child):
        async def teardown(self) -> None:
            raise OSError("left open")

    log: list[str] = []
    failures: list[str] = []
    async with Supervisor("top", on_failure=lambda n, e: failures.append(f"{n}: {e}")) as top:
        ref = top.adopt(Clumsy("a", log))
        top.start(lambda: Child("b", log))
        ref.tell_nowait("end")
        await settle()
        assert failures == ["a: left open"]
        assert names(top) == {"b"}
        assert "b down" not in log


async def test_a_child_that_is_cancelled_before_it_began_does_not_begin():
    log: list[str] = []

    class Busy(Child):
        async def setup(self) -> None:
            await anyio.lowlevel.checkpoint()
            self.log.append("busy")

    async with Supervisor("top") as top:
        busy = Busy("a", log)
        top.start(lambda: busy)
        top.cancel(busy)
        await settle()
        assert "busy" not in log
        assert names(top) == set()


async def test_a_cancelled_child_is_not_restarted():
    log: list[str] = []
    async with Supervisor("top") as top:
        child = Child("a", log)
        top.start(lambda: child)
        await settle()
        top.cancel(child)
        await settle()
        assert log == ["a up", "a down"]
        assert len(top) == 0


async def test_a_failure_in_setup_is_a_failure():
    class Stillborn(Child):
        async def setup(self) -> None:
            raise OSError("no port")

    heard: list[Exception] = []
    async with Supervisor("top") as top:
        top.adopt(Stillborn("a", []), on_failure=heard.append)
        await settle()
        assert [str(error) for error in heard] == ["no port"]
