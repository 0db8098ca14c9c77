"""``tasker subscriptions``: durable subscriptions, and what they could not deliver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import anyio
import click
from rich.text import Text

from tasker.cli.printing import (
    LONGEST_MESSAGE,
    clean,
    clip,
    moment,
    note,
    print_json,
    print_table,
)
from tasker.cli.service import SubscriptionVerbs, connect
from tasker.cli.settings import Settings, pass_settings, store_options
from tasker.cli.tables import grid
from tasker.subscriptions import DeadLetter, SubscriptionView

T = TypeVar("T")

_name = click.argument("name")
_event_ids = click.argument("event_ids", metavar="[EVENT_ID]...", nargs=-1)


@click.group(
    "subscriptions",
    short_help="See to durable subscriptions and dead letters.",
    invoke_without_command=True,
)
@store_options
@click.pass_context
def subscriptions_command(context: click.Context) -> None:
    """See to durable subscriptions, and to dead letters: events that could not be delivered.

    Without a command it lists the subscriptions. A worker that runs goes on by itself
    with what is changed here.

    \b
    Examples:
      tasker subscriptions
      tasker subscriptions dead-letters billing
      tasker subscriptions redeliver billing
      tasker subscriptions resume billing
    """
    if context.invoked_subcommand is None:
        context.invoke(list_command)


@subscriptions_command.command("list", short_help="List the subscriptions.")
@store_options
@pass_settings
def list_command(settings: Settings) -> None:
    """List the durable subscriptions, with how much waits for each.

    \b
    Examples:
      tasker subscriptions list --json
    """
    found = _ask(settings, lambda subscriptions: subscriptions.all())
    if settings.json:
        print_json({"subscriptions": found})
    elif found:
        _print_subscriptions(found)
    else:
        note("there are no durable subscriptions")


@subscriptions_command.command("dead-letters", short_help="List what could not be delivered.")
@click.argument("name", required=False)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="How many, the oldest first.",
)
@store_options
@pass_settings
def dead_letters_command(settings: Settings, name: str | None, limit: int) -> None:
    """List the events that could not be delivered to a subscription, or to any.

    \b
    Examples:
      tasker subscriptions dead-letters
      tasker subscriptions dead-letters billing --json
    """
    found = _ask(settings, lambda subscriptions: subscriptions.dead_letters(name, limit=limit))
    if settings.json:
        print_json({"dead_letters": found})
    elif found:
        _print_dead_letters(found)
    else:
        note("there are no dead letters")


@subscriptions_command.command("redeliver", short_help="Deliver dead letters again.")
@_name
@_event_ids
@store_options
@pass_settings
def redeliver_command(settings: Settings, name: str, event_ids: Sequence[str]) -> None:
    """Deliver dead letters of a subscription again: those that are named, or all.

    \b
    Examples:
      tasker subscriptions redeliver billing
      tasker subscriptions redeliver billing 0190c1d2-7b1e-7000-8000-3f5c9a2b4d6e/4/0/step.failed
    """
    count = _ask(settings, lambda subscriptions: subscriptions.redeliver(name, event_ids or None))
    _told(settings, {"redelivered": count}, f"{_letters(count)} will be delivered again")


@subscriptions_command.command("discard", short_help="Delete dead letters.")
@_name
@_event_ids
@click.option("--all", "everything", is_flag=True, help="All of them.")
@store_options
@pass_settings
def discard_command(
    settings: Settings, name: str, event_ids: Sequence[str], everything: bool
) -> None:
    """Delete dead letters of a subscription: those that are named, or all.

    \b
    Examples:
      tasker subscriptions discard billing --all
    """
    if bool(event_ids) == everything:
        raise click.UsageError("name the events, or give --all")
    count = _ask(settings, lambda subscriptions: subscriptions.discard(name, event_ids or None))
    _told(settings, {"discarded": count}, f"{_letters(count)} deleted")


@subscriptions_command.command("suspend", short_help="Deliver nothing for a while.")
@_name
@click.option("--reason", default="asked for", metavar="TEXT", help="Why.")
@store_options
@pass_settings
def suspend_command(settings: Settings, name: str, reason: str) -> None:
    """Deliver nothing to a subscription until it is resumed; what comes meanwhile waits.

    \b
    Examples:
      tasker subscriptions suspend billing --reason "moving house"
    """
    _ask(settings, lambda subscriptions: subscriptions.suspend(name, reason))
    _told(settings, {"suspended": reason}, f"{name} is suspended")


@subscriptions_command.command("resume", short_help="Go on delivering.")
@_name
@store_options
@pass_settings
def resume_command(settings: Settings, name: str) -> None:
    """Deliver to a subscription again, from where it was.

    \b
    Examples:
      tasker subscriptions resume billing
    """
    _ask(settings, lambda subscriptions: subscriptions.resume(name))
    _told(settings, {"suspended": None}, f"{name} goes on")


@subscriptions_command.command("remove", short_help="End a subscription.")
@_name
@store_options
@pass_settings
def remove_command(settings: Settings, name: str) -> None:
    """End a subscription, with its dead letters. A worker that declares it makes it anew.

    \b
    Examples:
      tasker subscriptions remove billing
    """
    _ask(settings, lambda subscriptions: subscriptions.remove(name))
    _told(settings, {"removed": name}, f"{name} is removed")


def _ask(settings: Settings, question: Callable[[SubscriptionVerbs], Awaitable[T]]) -> T:
    async def ask() -> T:
        async with connect(settings) as service:
            return await question(service.subscriptions)

    return anyio.run(ask)


def _told(settings: Settings, value: dict[str, Any], text: str) -> None:
    if settings.json:
        print_json(value)
    else:
        print(clean(text))


def _letters(count: int) -> str:
    return "1 dead letter" if count == 1 else f"{count} dead letters"


def _print_subscriptions(found: Sequence[SubscriptionView]) -> None:
    table = grid()
    for title in ("subscription", "events", "waiting", "dead letters", "state"):
        numeric = title in ("waiting", "dead letters")
        table.add_column(title, justify="right" if numeric else "left", overflow="fold")
    for each in found:
        state = "delivers" if each.owner is not None else "-"
        if each.suspended is not None:
            state = f"suspended: {each.suspended}"
        table.add_row(
            Text(clean(each.name)),
            Text(clean(", ".join(each.events))),
            Text(str(each.waiting)),
            Text(str(each.dead_letters)),
            Text(clean(state)),
        )
    print_table(table)


def _print_dead_letters(found: Sequence[DeadLetter]) -> None:
    table = grid()
    for title in ("subscription", "given up", "tries", "event", "error"):
        table.add_column(title, justify="right" if title == "tries" else "left", overflow="fold")
    for each in found:
        table.add_row(
            Text(clean(each.subscription)),
            Text(moment(each.at)),
            Text(str(each.attempts)),
            Text(clean(each.event_id)),
            Text(clip(clean(each.error), LONGEST_MESSAGE)),
        )
    print_table(table)
