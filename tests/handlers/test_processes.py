"""``executor: process``: what the worker sees, how it dies, and that it is reaped."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from tasker.definitions.definition import Definition, StepDefinition
from tasker.errors import DefinitionError
from tasker.handlers.binding import bind
from tasker.handlers.processes import ProcessPool, WorkerDiedError
from tests.handlers.support import (
    attempt,
    bound_step,
    error_of,
    kept_by,
    order_for,
    results_of,
    runner_for,
    state_of,
)

HERE = "tests.handlers.handlers_in_module"


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110  # other processes set no event
            await anyio.sleep(0.01)


async def pid_in(path: Path) -> int:
    """Return the process id that a handler writes, as soon as it is there."""
    await until(lambda: path.exists() and path.read_text() != "")
    return int(await anyio.Path(path).read_text())


async def test_a_handler_in_a_process_sees_what_it_sees_elsewhere():
    result = results_of(
        await attempt(
            f"{HERE}:Doubles",
            executor="process",
            context={"number": 21},
            results={"before": {"rows": [1]}},
            config={"factor": "${FACTOR}"},
            environ={"FACTOR": "half"},
            number=2,
        )
    )
    assert result.pop("pid") != os.getpid()
    assert result == {"doubled": 42, "factor": "half", "before": {"rows": [1]}, "attempt": 2}


async def test_functions_run_in_processes_plain_and_async():
    for name in ("plain", "on_the_loop", "prints"):
        bound = bound_step(f"{HERE}:{name}", executor="process")
        async with runner_for(bound) as runner:
            result = await runner.run(order_for(state_of(bound, context={"a": 1}), "work"))
        assert results_of(result) in ({"thread": True, "a": 1}, "printed") or (
            results_of(result)["pid"] != os.getpid()
        )


async def test_a_worker_is_used_again_and_reaped_at_close():
    bound = bound_step(f"{HERE}:on_the_loop", executor="process")
    state = state_of(bound)
    async with runner_for(bound) as runner:
        first = results_of(await runner.run(order_for(state, "work", 1)))
        second = results_of(await runner.run(order_for(state, "work", 2)))
        assert first["pid"] == second["pid"]
        assert is_running(first["pid"])
    assert not is_running(first["pid"])


async def test_errors_come_back_whole_and_without_secrets():
    result = await attempt(
        f"{HERE}:refuses",
        executor="process",
        config={"token": "${TOKEN}"},
        environ={"TOKEN": "tok-1234"},
    )
    error = error_of(result)
    assert (error.permanent, error.error_code) == (True, "NO")
    assert error.message == "declined for [FILTERED]"
    assert "handlers_in_module.py:" in error.backtrace[-1]
    assert kept_by(result) == {"tried": "once", "with": "[FILTERED]"}
    assert error_of(await attempt(f"{HERE}:busy", executor="process")).retry_after == 7
    assert error_of(await attempt(f"{HERE}:leaves", executor="process")).error_class == "SystemExit"


async def test_secrets_of_other_steps_are_hidden_too():
    steps = (
        StepDefinition(name="other", handler=f"{HERE}:busy", handler_config={"token": "${TOKEN}"}),
        StepDefinition(name="work", handler=f"{HERE}:tells", executor="process"),
    )
    bound = bind(Definition(name="x", steps=steps), source="t", environ={"TOKEN": "tok-1234"})
    async with runner_for(bound) as runner:
        state = state_of(bound, context={"heard": "it is tok-1234"})
        error = error_of(await runner.run(order_for(state, "work")))
    assert error.message == "it is [FILTERED]"


async def test_a_result_that_cannot_be_stored_names_the_key():
    error = error_of(await attempt(f"{HERE}:returns_a_set_of_files", executor="process"))
    assert error.permanent
    assert "$.file" in error.message


async def test_a_killed_worker_is_a_failure_and_the_next_attempt_gets_another(tmp_path):
    bound = bound_step(f"{HERE}:killed", executor="process")
    state = state_of(bound, context={"pid_file": str(tmp_path / "pid")})
    async with runner_for(bound, processes=1) as runner:
        pids = set()
        for number in (1, 2):
            error = error_of(await runner.run(order_for(state, "work", number)))
            pid = int((tmp_path / "pid").read_text())
            pids.add(pid)
            assert error.error_class == "WorkerProcessDied"
            assert error.message == f"worker process died: process {pid} was killed by SIGKILL"
            assert not error.permanent
            assert not is_running(pid)
    assert len(pids) == 2


async def test_a_worker_that_exits_is_told_with_its_status():
    error = error_of(await attempt(f"{HERE}:exits", executor="process"))
    assert error.message.endswith("exited with status 3")


async def test_cancellation_kills_the_worker(tmp_path):
    bound = bound_step(f"{HERE}:waits_for_ever", executor="process")
    state = state_of(bound, context={"pid_file": str(tmp_path / "pid")})
    async with runner_for(bound) as runner:
        async with anyio.create_task_group() as group:
            group.start_soon(runner.run, order_for(state, "work"))
            pid = await pid_in(tmp_path / "pid")
            assert is_running(pid)
            group.cancel_scope.cancel()
        assert not is_running(pid)


async def test_a_worker_ends_with_its_parent(tmp_path):
    """A parent that is killed reaps nobody, so its workers watch for its end."""
    pid_file = tmp_path / "pid"
    program = f"""
import anyio
from tests.handlers.support import bound_step, order_for, runner_for, state_of
async def main():
    bound = bound_step("{HERE}:waits_for_ever", executor="process")
    state = state_of(bound, context={{"pid_file": {str(pid_file)!r}}})
    async with runner_for(bound) as runner:
        await runner.run(order_for(state, "work"))
anyio.run(main)
"""
    parent = await anyio.open_process([sys.executable, "-c", program], stdin=None, stdout=None)
    pid = await pid_in(pid_file)
    parent.kill()
    await parent.wait()
    await until(lambda: not is_running(pid) or is_zombie(pid))


def is_zombie(pid: int) -> bool:
    """Whether it has ended unreaped, as an orphan does in a container without an init."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] == "Z"


async def test_a_handler_in_the_main_script_is_found(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import anyio
from tests.handlers.support import bound_step, order_for, results_of, runner_for, state_of

def doubled(task):
    return task.context["number"] * 2

async def main():
    bound = bound_step(doubled, executor="process")
    async with runner_for(bound) as runner:
        for number in (1, 2):
            order = order_for(state_of(bound, context={"number": number}), "work")
            print(results_of(await runner.run(order)))

if __name__ == "__main__":
    anyio.run(main)
""")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = await anyio.run_process([sys.executable, str(script)], env=environment)
    assert done.stdout.split() == [b"2", b"4"]


async def test_an_idle_worker_that_died_is_replaced():
    bound = bound_step(f"{HERE}:on_the_loop", executor="process")
    state = state_of(bound)
    async with runner_for(bound) as runner:
        first = results_of(await runner.run(order_for(state, "work", 1)))["pid"]
        os.kill(first, 9)
        second = results_of(await runner.run(order_for(state, "work", 2)))["pid"]
    assert second != first


async def test_a_pool_never_has_more_workers_than_its_limit(tmp_path):
    bound = bound_step(f"{HERE}:on_the_loop", executor="process")
    state = state_of(bound)
    pids = set()

    async def one(runner, number):
        pids.add(results_of(await runner.run(order_for(state, "work", number)))["pid"])

    async with runner_for(bound, processes=2) as runner, anyio.create_task_group() as group:
        for number in range(1, 7):
            group.start_soon(one, runner, number)
    assert len(pids) <= 2


def test_a_handler_that_cannot_be_found_by_name_is_refused():
    with pytest.raises(DefinitionError, match="finds handlers by name"):
        bound_step(lambda: 1, executor="process")


async def test_a_pool_that_is_closed_has_no_process_left():
    pool = ProcessPool(1)
    with pytest.raises(WorkerDiedError):
        await pool.run(b"this is no order")
    await pool.aclose()
