"""Wherever definitions come from, bound to their handlers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

from tasker.actors.workflow.plan import Backoff
from tasker.definitions.definition import Definition
from tasker.definitions.loaded import LoadedDefinition
from tasker.definitions.python import DefinitionBuilder
from tasker.discovery import discover
from tasker.errors import DefinitionError, Problem
from tasker.handlers.binding import BoundDefinition, bind
from tasker.telemetry.masking import DEFAULT_RULES, MaskingRules

Source = str | PathLike[str] | Definition | LoadedDefinition | DefinitionBuilder
"""A YAML file or directory, or a definition made in Python."""


def bind_sources(
    sources: Source | Iterable[Source],
    *,
    environment: str | None = None,
    environ: Mapping[str, str] | None = None,
    backoff: Backoff | None = None,
    masking: MaskingRules = DEFAULT_RULES,
    app: str | None = None,
    entry_points: bool = False,
) -> list[BoundDefinition]:
    """Return what the sources define, ready to run.

    Args:
        sources: One source, or several.
        environment: Which ``environments`` of YAML files hold.
        environ: The values of placeholders, None for the process's environment.
        backoff: The waits between attempts.
        masking: What the definitions' errors hide beside their secrets.
        app: ``module:object`` to take definitions from as well.
        entry_points: Whether to take those that installed packages offer.

    Raises:
        DefinitionError: With every problem of every source.
    """
    each = [sources] if isinstance(sources, _KINDS) else list(sources)
    places = [source for source in each if isinstance(source, str | PathLike)]
    found: list[Any] = [source for source in each if not isinstance(source, str | PathLike)]
    problems: list[Problem] = []
    try:
        found += discover(
            places, app=app, entry_points=entry_points, environment=environment, environ=environ
        )
    except DefinitionError as error:
        problems += error.problems
    bound: list[BoundDefinition] = []
    for source in found:
        try:
            bound.append(_bind(source, environ, backoff, masking))
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(problems=problems)
    return bound


_KINDS = (str, PathLike, Definition, LoadedDefinition, DefinitionBuilder)


def _bind(
    source: Any,
    environ: Mapping[str, str] | None,
    backoff: Backoff | None,
    masking: MaskingRules,
) -> BoundDefinition:
    targets: Mapping[str, Any] | None = None
    if isinstance(source, DefinitionBuilder):
        targets = source.targets
        source = source.load(environ)
    where = source.source if isinstance(source, LoadedDefinition) else source.full_name
    return bind(
        source,
        source=where,
        targets=targets,
        environ=environ,
        backoff=backoff,
        masking=masking,
    )
