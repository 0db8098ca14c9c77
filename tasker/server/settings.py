"""The server's settings from a file, the environment and the command line, checked whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tasker.server.config import AuthConfig, ServeConfig
from tasker.server.errors import ServerConfigError

VARIABLE = "TASKER_SERVER_"
"""What the names of variables begin with: ``TASKER_SERVER_PORT``, ``TASKER_SERVER_AUTH_OPEN``."""
STORE_VARIABLE = "TASKER_STORE"
_AUTH = "auth"


def load_settings(
    path: str | Path | None = None,
    *,
    environ: Mapping[str, str],
    given: Mapping[str, Any] | None = None,
) -> ServeConfig:
    """Return the settings; what is given wins over the environment, that over the file.

    Args:
        path: A YAML file with fields of `ServeConfig`.
        environ: The environment. Lists are separated by commas.
        given: Fields that were given by hand; None for those that were not.

    Raises:
        ServerConfigError: With everything that is wrong, each with where it stands.
    """
    problems: list[str] = []
    values = _Values(problems)
    if path is not None:
        values.take_file(Path(path))
    values.take_environment(environ)
    for name, value in (given or {}).items():
        if value is not None:
            values.take(ServeConfig, values.top, name, value, f"--{name.replace('_', '-')}")
    if values.auth:
        values.top[_AUTH] = AuthConfig(**values.auth)
    config = ServeConfig(**values.top)
    problems += config.problems()
    if problems:
        raise ServerConfigError(problems=problems)
    return config


class _Values:
    """What was found so far; a later value takes the place of an earlier one."""

    def __init__(self, problems: list[str]) -> None:
        self.top: dict[str, Any] = {}
        self.auth: dict[str, Any] = {}
        self._problems = problems

    def take_file(self, path: Path) -> None:
        """Take the fields of a YAML file."""
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            self._problems.append(f"{path}: it cannot be read: {error}")
            return
        if found is None:
            return
        if not isinstance(found, dict):
            self._problems.append(f"{path}: it holds no mapping; write it as in 'port: 8080'")
            return
        for name, value in found.items():
            if name == _AUTH and isinstance(value, dict):
                for each, part in value.items():
                    self.take(AuthConfig, self.auth, str(each), part, f"{path}: auth.{each}")
            else:
                self.take(ServeConfig, self.top, str(name), value, f"{path}: {name}")

    def take_environment(self, environ: Mapping[str, str]) -> None:
        """Take the fields that variables hold."""
        if environ.get(STORE_VARIABLE):
            self.top["store"] = environ[STORE_VARIABLE]
        for variable, text in sorted(environ.items()):
            if not variable.startswith(VARIABLE):
                continue
            name = variable.removeprefix(VARIABLE).lower()
            kind: type[msgspec.Struct] = ServeConfig
            into = self.top
            if name.startswith(f"{_AUTH}_"):
                kind, into, name = AuthConfig, self.auth, name.removeprefix(f"{_AUTH}_")
            self.take(kind, into, name, text, variable, as_text=True)

    def take(
        self,
        kind: type[msgspec.Struct],
        into: dict[str, Any],
        name: str,
        value: Any,
        where: str,
        *,
        as_text: bool = False,
    ) -> None:
        """Take one field, if it is one and its value can be."""
        types = {field.name: field.type for field in msgspec.structs.fields(kind)}
        if name not in types or name == _AUTH:
            known = ", ".join(sorted(set(types) - {_AUTH}))
            self._problems.append(f"{where}: there is no such setting; there are {known}")
            return
        if as_text and _is_list(types[name]):
            value = [part.strip() for part in value.split(",") if part.strip()]
        try:
            into[name] = msgspec.convert(value, types[name], strict=not as_text)
        except msgspec.ValidationError as error:
            self._problems.append(f"{where}: {error}, and it is {value!r:.60}")


def _is_list(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is tuple
