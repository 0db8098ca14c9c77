"""Options that choose tasks, for the commands that look at many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from tasker.cli.inputs import InstantType

Command = Callable[..., Any]


def definition_options(command: Command) -> Command:
    """Add ``--namespace``, ``--name`` and ``--version``."""
    for option in (
        click.option("--version", metavar="VERSION", help="The definition's version."),
        click.option("--name", metavar="NAME", help="The definition's name."),
        click.option("--namespace", "-n", metavar="NAME"),
    ):
        command = option(command)
    return command


def tag_option(command: Command) -> Command:
    """Add ``--tag``, as ``tags``."""
    return click.option(
        "--tag", "-t", "tags", multiple=True, metavar="TAG", help="All of these. Repeatable."
    )(command)


def initiator_option(command: Command) -> Command:
    """Add ``--initiator``."""
    return click.option(
        "--initiator", metavar="NAME", help="Asked for by them, as the task records it."
    )(command)


def created_options(command: Command) -> Command:
    """Add ``--since`` and ``--until``, as ``created_from`` and ``created_until``."""
    return since_options("created_from", "created_until", "Created")(command)


def since_options(since: str, until: str, what: str) -> Callable[[Command], Command]:
    """Return what adds ``--since`` and ``--until`` under these names; ``what`` was when."""
    examples = "2026-03-01, 2026-03-01T12:30, or 2h for two hours ago"

    def add(command: Command) -> Command:
        for flag, name, text in (
            ("--until", until, f"{what} before then."),
            ("--since", since, f"{what} from then on: {examples}."),
        ):
            option = click.option(flag, name, type=InstantType(), metavar="TIME", help=text)
            command = option(command)
        return command

    return add
