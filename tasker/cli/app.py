"""The group of commands, and what becomes of their errors."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import NoReturn

import click

import tasker
from tasker.cli.exits import Exit
from tasker.cli.settings import Settings, store_options

COMMANDS = {
    "run": ("run", "Run a task to its end, here."),
    "submit": ("submit", "Submit a task, for a worker to run."),
    "worker": ("worker", "Work a store until told to stop."),
    "serve": ("serve", "Serve the HTTP API, and work the store."),
    "tokens": ("tokens", "Make, list and revoke the server's API tokens."),
    "list": ("list", "List tasks, newest first."),
    "show": ("show", "Show a task with its steps."),
    "watch": ("watch", "Follow a task until it ends."),
    "cancel": ("operations", "Cancel a task, or one step of it."),
    "pause": ("operations", "Start no more steps of a task."),
    "resume": ("operations", "Go on with a paused task."),
    "retry": ("operations", "Try the failed steps of a task again."),
    "resolve": ("operations", "Take a failed task or step as done by hand."),
    "update": ("operations", "Change a step's retry limit or inputs."),
    "reset": ("operations", "Let a step's attempts so far not count."),
    "annotate": ("operations", "Note something on a task."),
    "check": ("check", "Check definitions and report every problem."),
    "handlers": ("handlers", "List what tasks can be made of."),
    "graph": ("graph", "Draw a definition's or a task's graph."),
    "analyze": ("analyze", "Find what decides how long it takes."),
    "stats": ("stats", "Tell figures: rates, times, errors."),
    "audit": ("audit", "Tell who did what."),
    "events": ("events", "List the events there are, or explain one."),
    "subscriptions": ("subscriptions", "See to durable subscriptions and dead letters."),
    "metrics": ("metrics", "Print metrics by name, a dashboard, or alert rules."),
    "bench": ("bench", "Measure a definition, and say what limits it."),
    "validate": ("validate", "Check that traces and metrics arrive."),
}
"""Each command: the module that holds it, and its line in the help."""

_COMPLETION = "_TASKER_COMPLETE"


class LazyGroup(click.Group):
    """A group that imports a command when it is used: printing help takes no engine."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"tasker.cli.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command, its name and what follows; suggest one that is meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"no such command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""
    \b
    Try it:
      tasker run checkout.yaml --context '{"order": 7}'
      tasker list
      tasker show last

    Exit codes: 0 complete; 1 error; 2 usage: what was asked for is wrong, nothing was
    started; 3 cancelled; 130 and 143 stopped by a signal; 141 nobody
    read the output to its end.

    \b
    Completion: eval "$(_TASKER_COMPLETE=bash_source tasker)"   (or zsh_source, fish_source)
    """,
)
@click.version_option(tasker.__version__, prog_name="tasker", message="%(prog)s %(version)s")
@store_options
def cli() -> None:
    """Tasker: workflows that finish, whatever kills the process.

    TASK_ID is a task's id, four or more characters of its beginning or end, or
    `last` for the newest task.
    """


def main() -> NoReturn:
    """Run the command line and leave the process."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(code)
    # A handler that runs in a thread cannot be stopped. Its attempt was given up and
    # recorded; waiting for the thread would only look like a hang.
    if any(not t.daemon for t in threading.enumerate() if t is not threading.main_thread()):
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors are printed."""
    # As people expect of a program that imports theirs.
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    settings = Settings()
    try:
        with_code = cli.main(
            list(arguments) or ["--help"],
            prog_name="tasker",
            standalone_mode=False,
            obj=settings,
            complete_var=_COMPLETION,
        )
        return int(with_code or Exit.OK)
    except BrokenPipeError:
        # Whoever read our output wants no more of it; the flush at exit must not say so.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.UNREAD
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except Exception as error:
        settings.json = settings.json or "--json" in arguments
        from tasker.cli.failures import report

        return report(error, settings)
