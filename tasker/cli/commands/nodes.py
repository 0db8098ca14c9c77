"""``tasker nodes``: the processes that work a store, and to drain one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio
import click
from rich.text import Text

from tasker.cli.printing import clean, moment, note, print_json, print_table, seconds
from tasker.cli.service import Service, connect
from tasker.cli.settings import Settings, pass_settings, store_options
from tasker.cli.tables import grid
from tasker.server.shapes.nodes import Node, NodeList

T = TypeVar("T")

_COLUMNS = ("node", "host", "pid", "since", "tasks", "lease left", "lag", "version", "draining")
_NUMERIC = ("pid", "tasks", "lease left", "lag")


@click.group(
    "nodes",
    short_help="List the processes that work a store, or drain one.",
    invoke_without_command=True,
)
@store_options
@click.pass_context
def nodes_command(context: click.Context) -> None:
    """See to the nodes of a store: the processes that work it.

    Without a command it lists them. A file is worked by one, PostgreSQL by any number.

    \b
    Examples:
      tasker nodes
      tasker nodes --server http://127.0.0.1:8080/tasker
      tasker nodes drain 5b0c9d5e-7d0e-4bb4-9c0e-3a3ce0f5a1b7
    """
    if context.invoked_subcommand is None:
        context.invoke(list_command)


@nodes_command.command("list", short_help="List them.")
@store_options
@pass_settings
def list_command(settings: Settings) -> None:
    """List the nodes, with how many tasks each owns and how its lease stands.

    \b
    Examples:
      tasker nodes list --json
    """
    found = NodeList.of(_ask(settings, lambda service: service.nodes()))
    if settings.json:
        print_json(found)
    elif found.nodes:
        _print_nodes(found.nodes)
    else:
        note("nobody works the store")


@nodes_command.command("drain", short_help="Have one hand its tasks to others.")
@click.argument("node_id")
@store_options
@pass_settings
def drain_command(settings: Settings, node_id: str) -> None:
    """Have a node take no more tasks, let its steps finish, and hand the rest to others.

    Its process goes on answering until it is stopped.

    \b
    Examples:
      tasker nodes drain 5b0c9d5e-7d0e-4bb4-9c0e-3a3ce0f5a1b7
    """
    _ask(settings, lambda service: service.drain_node(node_id))
    if settings.json:
        print_json({"draining": node_id})
    else:
        print(clean(f"{node_id} takes no more tasks, and hands over those that it has"))


def _ask(settings: Settings, question: Callable[[Service], Awaitable[T]]) -> T:
    async def ask() -> T:
        async with connect(settings) as service:
            return await question(service)

    return anyio.run(ask)


def _print_nodes(found: Sequence[Node]) -> None:
    table = grid()
    for title in _COLUMNS:
        table.add_column(title, justify="right" if title in _NUMERIC else "left", overflow="fold")
    for each in found:
        table.add_row(
            Text(clean(each.node_id)),
            Text(clean(each.host)),
            Text(str(each.pid)),
            Text(moment(each.started_at)),
            Text(str(each.tasks)),
            Text(_left(each.lease_seconds)),
            Text(seconds(each.lag_seconds)),
            Text(clean(each.version)),
            Text("yes" if each.draining else "no"),
        )
    print_table(table)


def _left(lease_seconds: float | None) -> str:
    if lease_seconds is None:
        return "-"
    return seconds(lease_seconds) if lease_seconds > 0 else "none"
