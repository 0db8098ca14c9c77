"""YAML files: found in directories, and read."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path as FilePath

from tasker.definitions.findings import Findings
from tasker.errors import Problem

SUFFIXES = (".yaml", ".yml")


def find_files(
    paths: Iterable[str | PathLike[str]], what: str
) -> tuple[list[FilePath], list[Problem]]:
    """Return the YAML files that paths name, or that are below them; and what is wrong.

    ``what`` is in them, for the error of a path that is Python.
    """
    files: dict[FilePath, FilePath] = {}
    problems: list[Problem] = []
    for path in map(FilePath, paths):
        if path.is_dir():
            found = sorted(
                file
                for file in path.rglob("*")
                if file.suffix in SUFFIXES
                and file.is_file()
                and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
            wrong = None if found else "there is no *.yaml or *.yml file in it"
        else:
            found = [path]
            wrong = None if path.is_file() else "there is no such file or directory"
        remedy = "name a YAML file, or a directory that holds some"
        if path.suffix == ".py" and path.is_file():
            wrong = "this is Python, and no YAML"
            remedy = f"give its {what}"
            if what == "definitions":
                remedy += f", on the command line by --app {_module(path)}:object"
        if wrong is not None:
            problem = Problem(where=str(path), line=None, key="", message=wrong, remedy=remedy)
            problems.append(problem)
            continue
        for file in found:
            files.setdefault(file.resolve(), file)
    return list(files.values()), problems


def _module(path: FilePath) -> str:
    parts = [part for part in path.with_suffix("").parts if part not in (".", "..", path.anchor)]
    return ".".join(parts[-1:] if path.is_absolute() else parts)


def read_text(file: FilePath, findings: Findings) -> str | None:
    """Return a file's text, or note why it cannot be read and return None."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        findings.add(None, (), f"the file cannot be read: {reason}", "make it readable")
        return None
