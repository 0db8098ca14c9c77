"""What the command says of itself, and how soon."""

import subprocess
import sys

import pytest

from tasker.cli.app import COMMANDS, cli
from tests.cli.command import environment, process


def test_help_lists_every_command(tasker):
    said = tasker("--help")
    assert said.code == 0
    for name, (_, line) in COMMANDS.items():
        assert name in said.out
        assert line in said.out
    assert "Exit codes" in said.out
    assert "_TASKER_COMPLETE" in said.out


def test_nothing_asked_for_is_answered_with_the_help(tasker):
    said = tasker()
    assert (said.code, said.err) == (0, "")
    assert said.out == tasker("--help").out


@pytest.mark.parametrize(
    ("name", "usage"), [("show", "[TASK_ID]"), ("run", "[NAME|FILE]"), ("submit", "NAME|FILE")]
)
def test_usage_tells_what_may_be_left_out(tasker, name, usage):
    assert tasker(name, "--help").out.splitlines()[0].endswith(f" {usage}")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself_with_an_example(tasker, name):
    command = cli.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    assert command.short_help == COMMANDS[name][1]
    said = tasker(name, "--help")
    assert said.code == 0
    assert f"  tasker {name}" in said.out
    assert all(len(line) <= 100 for line in said.out.splitlines())


def test_help_imports_neither_the_engine_nor_what_it_needs():
    heavy = ["tasker.engine", "anyio", "asyncio", "httpx", "msgspec", "rich", "yaml"]
    program = f"""
import sys
from tasker.cli.app import run
run(["--help"])
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert done.stderr.strip() == "[]"


def test_version():
    said = process("--version")
    assert (said.code, said.out) == (0, "tasker 0.1.0\n")


def test_a_mistyped_command_is_answered_with_the_one_meant(tasker):
    said = tasker("lst")
    assert said.code == 2
    assert said.err == "error: no such command 'lst'; did you mean 'list'? (see tasker --help)\n"
