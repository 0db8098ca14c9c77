"""Definitions found in directories, in installed packages, and in an application."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points as installed_entry_points
from os import PathLike
from typing import Any

from tasker.definitions.definition import Definition
from tasker.definitions.loaded import LoadedDefinition, load_definition
from tasker.definitions.python import DefinitionBuilder
from tasker.definitions.yaml import load_definitions
from tasker.errors import DefinitionError, Problem

ENTRY_POINT_GROUP = "tasker.definitions"

Discovered = LoadedDefinition | DefinitionBuilder


def discover(
    directories: str | PathLike[str] | Iterable[str | PathLike[str]] = (),
    *,
    entry_points: bool = False,
    app: str | None = None,
    environment: str | None = None,
    environ: Mapping[str, str] | None = None,
    check_handlers: bool = True,
) -> list[Discovered]:
    """Find definitions wherever they are.

    Args:
        directories: YAML files, or directories of them, as for `load_definitions`.
        entry_points: Whether to take what installed packages offer under the entry
            point group ``tasker.definitions``.
        app: ``module:object``, as for an entry point: a `DefinitionBuilder`, a
            `Definition`, an iterable of them, or a callable that returns one of these.
        environment: As for `load_definitions`.
        environ: As for `load_definitions`.
        check_handlers: As for `load_definitions`.

    Raises:
        DefinitionError: With every problem of every place that was looked at.
    """
    environ = os.environ if environ is None else environ
    found: list[Discovered] = []
    problems: list[Problem] = []

    def collect(find: Callable[[], Iterable[Discovered]]) -> None:
        try:
            found.extend(find())
        except DefinitionError as error:
            problems.extend(error.problems)

    places = [directories] if isinstance(directories, str | PathLike) else list(directories)
    if places:
        collect(
            lambda: load_definitions(
                places, environment=environment, environ=environ, check_handlers=check_handlers
            )
        )
    if entry_points:
        for point in installed_entry_points(group=ENTRY_POINT_GROUP):
            where = f"entry point {point.name} ({point.value})"
            collect(lambda where=where, point=point: _take(point.load, where, environ))  # type: ignore[misc]
    if app is not None:
        collect(lambda: _take(lambda: _import(app), app, environ))
    if problems:
        raise DefinitionError(problems=problems)
    return found


def _import(app: str) -> Any:
    module_name, colon, name = app.partition(":")
    if not (colon and module_name and name):
        raise _problem(app, "this is no module:object", "write it as in shop.workflows:checkout")
    found: Any = importlib.import_module(module_name)
    for part in name.split("."):
        if not hasattr(found, part):
            raise _problem(app, f"{module_name} has no {part!r}", _offer(found))
        found = getattr(found, part)
    return found


def _take(load: Callable[[], Any], where: str, environ: Mapping[str, str]) -> list[Discovered]:
    """Load an object, and take the definitions that it is or gives."""
    try:
        found = load()
        if _is_called(found):
            found = found()
    except DefinitionError:
        raise
    except ModuleNotFoundError as error:
        remedy = "start in the folder that holds it, set PYTHONPATH, or install the package"
        raise _problem(where, f"there is no module {error.name!r}", remedy) from error
    except Exception as error:
        message = f"loading it failed: {type(error).__name__}: {error}"
        raise _problem(where, message, "mend what it raised") from error
    return [_one(each, where, environ) for each in _each(found, where)]


def _is_called(found: Any) -> bool:
    known = isinstance(found, Definition | DefinitionBuilder | LoadedDefinition)
    return callable(found) and not known


def _each(found: Any, where: str) -> list[Any]:
    if inspect.iscoroutine(found):
        found.close()
        raise _problem(where, "it is an async function", "make it a plain function")
    if isinstance(found, Definition | DefinitionBuilder | LoadedDefinition):
        return [found]
    if isinstance(found, Mapping):
        return list(found.values())
    if isinstance(found, Iterable) and not isinstance(found, str | bytes):
        return list(found)
    return [found]


def _one(found: Any, where: str, environ: Mapping[str, str]) -> Discovered:
    if isinstance(found, DefinitionBuilder | LoadedDefinition):
        return found
    if isinstance(found, Definition):
        return load_definition(found, where, environ)
    message = f"{type(found).__name__} is no definition"
    remedy = "name what define() returned, a Definition, several of them, or a function giving them"
    raise _problem(where, message, remedy)


def _offer(module: Any) -> str:
    kinds = Definition | DefinitionBuilder | LoadedDefinition
    names = [name for name, value in vars(module).items() if isinstance(value, kinds)]
    return f"it has {', '.join(names)}" if names else "name an object of that module"


def _problem(where: str, message: str, remedy: str) -> DefinitionError:
    problem = Problem(where=where, line=None, key="", message=message, remedy=remedy)
    return DefinitionError(problems=[problem])
