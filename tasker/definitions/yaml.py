"""Definitions from YAML files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from os import PathLike
from pathlib import Path as FilePath

from tasker.definitions.document import read_document, step_at
from tasker.definitions.files import find_files, read_text
from tasker.definitions.findings import Findings, problem_order
from tasker.definitions.loaded import LoadedDefinition
from tasker.definitions.source import parse
from tasker.errors import DefinitionError, Problem

ENVIRONMENT_VARIABLE = "TASKER_ENV"


def load_definitions(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    environment: str | None = None,
    environ: Mapping[str, str] | None = None,
    check_handlers: bool = True,
) -> list[LoadedDefinition]:
    """Load definitions from files, and from directories with all that is below them.

    Args:
        paths: One or several files, or directories whose ``*.yaml`` and ``*.yml`` files are
            definitions; names that start with a dot are passed over.
        environment: Which entry of ``environments`` applies; None for the one that
            ``TASKER_ENV`` names, if any.
        environ: Values for ``${VARIABLES}``; None for the process's environment.
        check_handlers: Import each handler and check it. Without it a reference is
            only spelled out.

    Raises:
        DefinitionError: With every problem of every file, by file and line.
    """
    environ = os.environ if environ is None else environ
    environment = environment or environ.get(ENVIRONMENT_VARIABLE) or None
    several = [paths] if isinstance(paths, str | PathLike) else paths
    files, problems = find_files(several, "definitions")
    loaded: dict[str, LoadedDefinition] = {}
    for file in files:
        findings = Findings(str(file))
        found = _load_file(file, environment, environ, check_handlers, findings)
        problems.extend(findings.problems)
        if found is None or findings:
            continue
        known = loaded.setdefault(found.definition.full_name, found)
        if known.definition.hash != found.definition.hash:
            problems.append(_conflict(str(file), known, found))
    if problems:
        raise DefinitionError(problems=sorted(problems, key=problem_order))
    return list(loaded.values())


def _conflict(where: str, known: LoadedDefinition, found: LoadedDefinition) -> Problem:
    return Problem(
        where=where,
        line=int(found.source.rpartition(":")[2]),
        key="name",
        message=f"its namespace, name and version are defined differently in {known.source}",
        remedy="give one of them another version",
    )


def _load_file(
    file: FilePath,
    environment: str | None,
    environ: Mapping[str, str],
    check_handlers: bool,
    findings: Findings,
) -> LoadedDefinition | None:
    text = read_text(file, findings)
    root = None if text is None else parse(text, findings)
    if root is None:
        return None
    findings.step_at = partial(step_at, root)
    return read_document(root, environment, environ, findings, check_handlers=check_handlers)
