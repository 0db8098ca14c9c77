"""What a command looks at: a definition, or a task with its history."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import click
from msgspec import Struct

from tasker.cli.finding import find_task, may_be_task
from tasker.cli.inputs import is_file, split_name
from tasker.cli.service import connect
from tasker.cli.settings import Settings
from tasker.definitions.definition import Definition
from tasker.definitions.loaded import LoadedDefinition
from tasker.discovery import discover
from tasker.reading import HistoryEntry
from tasker.task_view import TaskView


class TaskTarget(Struct, frozen=True, kw_only=True):
    """A task, and every transition of it."""

    view: TaskView
    history: Sequence[HistoryEntry]


def find_target(settings: Settings, target: str) -> Definition | TaskTarget:
    """Return the definition of a file or a name, or a task.

    A name is looked for in the definitions that the settings name; where they name none,
    it is a task's id, or a definition that a server has.
    """
    if is_file(target):
        definitions = _definitions(settings, (target,), here_alone=True)
        if len(definitions) > 1:
            raise click.UsageError(f"{target} holds several definitions; name a file")
        return definitions[0]
    if settings.definitions or settings.app or settings.entry_points:
        return _named(settings, target)
    if settings.server_url is not None and not may_be_task(target):
        return anyio.run(_served_definition, settings.server_url, target)
    return anyio.run(_task, settings, target)


def definitions_of(settings: Settings) -> list[Definition]:
    """Return the definitions that the settings name."""
    return _definitions(settings, settings.definitions)


def _definitions(
    settings: Settings, places: tuple[str, ...], *, here_alone: bool = False
) -> list[Definition]:
    found = discover(
        places,
        app=None if here_alone else settings.app,
        entry_points=settings.entry_points and not here_alone,
        environment=settings.environment,
        check_handlers=False,
    )
    return [
        each.definition if isinstance(each, LoadedDefinition) else each.build() for each in found
    ]


def _named(settings: Settings, target: str) -> Definition:
    namespace, name, version = split_name(target)
    known = definitions_of(settings)
    found = [
        each
        for each in known
        if each.name == name
        and namespace in (None, each.namespace)
        and version in (None, each.version)
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.full_name for each in (found or known))
    told = "several definitions are called" if found else "no definition is called"
    raise click.UsageError(f"{told} {target!r}; there are {names}")


async def _served_definition(url: str, target: str) -> Definition:
    from tasker.cli.served import Served
    from tasker.client.handlers import definition_of

    namespace, name, version = split_name(target)
    async with Served(url) as client:
        if namespace is None:
            has = [each.name for each in await client.namespaces() if name in each.handlers]
            if len(has) != 1:
                told = f"several namespaces have it: {', '.join(has)}" if has else "it has none"
                raise click.UsageError(f"which definition of the server is {target!r}? {told}")
            namespace = has[0]
        return definition_of(await client.handler(namespace, name, version))


async def _task(settings: Settings, target: str) -> TaskTarget:
    async with connect(settings) as service:
        task_id = await find_task(service, target)
        view = await service.get(task_id)
        return TaskTarget(view=view, history=await service.history(task_id))
