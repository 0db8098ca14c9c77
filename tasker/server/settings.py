"""The server's settings from a file, the environment and the command line, checked whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tasker.server.access.jwt_config import JwtConfig
from tasker.server.config import AuthConfig, ServeConfig
from tasker.server.errors import ServerConfigError
from tasker.server.graphql.config import GraphQLConfig

VARIABLE = "TASKER_SERVER_"
"""What the names of variables begin with: ``TASKER_SERVER_PORT``, ``TASKER_SERVER_AUTH_OPEN``."""
STORE_VARIABLE = "TASKER_STORE"

Section = tuple[str, ...]
_SECTIONS: Mapping[Section, type[msgspec.Struct]] = {
    (): ServeConfig,
    ("auth",): AuthConfig,
    ("auth", "jwt"): JwtConfig,
    ("graphql",): GraphQLConfig,
}
"""The settings, and those that lie within: each after the one that it lies in."""


def load_settings(
    path: str | Path | None = None,
    *,
    environ: Mapping[str, str],
    given: Mapping[str, Any] | None = None,
) -> ServeConfig:
    """Return the settings; what is given wins over the environment, that over the file.

    Args:
        path: A YAML file with fields of `ServeConfig`.
        environ: The environment. Lists are separated by commas, mappings
            are written as in YAML.
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
            values.take((), name, value, f"--{name.replace('_', '-')}")
    config = values.config()
    problems += config.problems()
    if problems:
        raise ServerConfigError(problems=problems)
    return config


class _Values:
    """What was found so far; a later value takes the place of an earlier one."""

    def __init__(self, problems: list[str]) -> None:
        self._found: dict[Section, dict[str, Any]] = {section: {} for section in _SECTIONS}
        self._problems = problems

    def config(self) -> ServeConfig:
        """Return the settings."""
        for section in reversed(list(_SECTIONS)):
            if section and self._found[section]:
                made = _SECTIONS[section](**self._found[section])
                self._found[section[:-1]][section[-1]] = made
        return ServeConfig(**self._found[()])

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
        self._take_tree((), found, path)

    def _take_tree(self, section: Section, values: Mapping[Any, Any], path: Path) -> None:
        for key, value in values.items():
            inner = (*section, str(key))
            if inner in _SECTIONS and isinstance(value, dict):
                self._take_tree(inner, value, path)
            else:
                self.take(section, str(key), value, f"{path}: {'.'.join(inner)}")

    def take_environment(self, environ: Mapping[str, str]) -> None:
        """Take the fields that variables hold."""
        if environ.get(STORE_VARIABLE):
            self._found[()]["store"] = environ[STORE_VARIABLE]
        for variable, text in sorted(environ.items()):
            if variable.startswith(VARIABLE):
                section, name = _place(variable.removeprefix(VARIABLE).lower())
                self.take(section, name, text, variable, as_text=True)

    def take(
        self, section: Section, name: str, value: Any, where: str, *, as_text: bool = False
    ) -> None:
        """Take one field, if it is one and its value can be."""
        types = {field.name: field.type for field in msgspec.structs.fields(_SECTIONS[section])}
        known = sorted(field for field in types if (*section, field) not in _SECTIONS)
        if name not in known:
            told = ", ".join(known)
            self._problems.append(f"{where}: there is no such setting; there are {told}")
            return
        shown = "it is not shown" if "secret" in name else f"it is {value!r:.60}"
        try:
            if as_text:
                value = _value_of(value, types[name])
            self._found[section][name] = msgspec.convert(value, types[name], strict=not as_text)
        except (msgspec.ValidationError, yaml.YAMLError) as error:
            self._problems.append(f"{where}: {error}, and {shown}")


def _place(name: str) -> tuple[Section, str]:
    """Return in which section a setting is, by the name of its variable, and its name there."""
    for section in reversed(list(_SECTIONS)):
        prefix = "".join(f"{part}_" for part in section)
        if name.startswith(prefix):
            return section, name.removeprefix(prefix)
    return (), name


def _value_of(text: str, kind: Any) -> Any:
    """Return the text of a variable: lists have commas, mappings are written as in YAML."""
    origin = getattr(kind, "__origin__", None)
    if origin is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return yaml.safe_load(text) if origin is Mapping else text
