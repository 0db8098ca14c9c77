"""A step's ``handler_config``: as it was written, and with its placeholders resolved.

Only the written form enters a `Definition`, which is stored, hashed and shown. The
resolved one goes to the handlers and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from tasker.definitions import keys
from tasker.definitions.environment import resolve
from tasker.definitions.findings import Findings, Path
from tasker.definitions.nodes import Fields, Scalar, find, from_plain, line_of, plain
from tasker.definitions.reading import read

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class HandlerConfig(Struct, frozen=True, kw_only=True):
    """One ``handler_config``. Its repr leaves the resolved values out."""

    written: dict[str, Any] = {}
    resolved: dict[str, Any] = {}
    max_concurrent_requests: int | None = None
    rate_limit_per_second: float | None = None

    def __repr__(self) -> str:
        return f"HandlerConfig(written={self.written!r})"


class ConfigRules(Struct, frozen=True, kw_only=True):
    """What a step's handler wants of its configuration.

    Its class says so by attributes of `StepHandler`, which this package may not
    import. ``handler`` is how the handler was written, ``line`` where the step was.
    """

    handler: str = ""
    line: int | None = None
    type: str | None = None
    own_keys: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @classmethod
    def of(cls, target: Any, handler: str, line: int | None) -> ConfigRules:
        """The rules of a class or function; of None, where it is not known, none."""
        required = getattr(target, "required_config", tuple)
        return cls(
            handler=handler,
            line=line,
            type=getattr(target, "config_type", None),
            own_keys=tuple(getattr(target, "config_keys", ())),
            required=tuple(required()),
        )


NO_RULES = ConfigRules()


def read_config(
    fields: Fields,
    path: Path,
    environ: Mapping[str, str],
    findings: Findings,
    *,
    of_step: bool = True,
    rules: ConfigRules = NO_RULES,
) -> HandlerConfig:
    """Check a ``handler_config`` and resolve it.

    Values are checked after they are resolved; errors quote them as written.
    ``of_step`` is False for the configuration of a task, which may hold anything.
    """
    node = resolve(fields, environ, path, findings)
    assert isinstance(node, Fields)
    resolved = plain(node)
    values: dict[str, Any] = {}
    if of_step and "api" in (resolved.get("type"), rules.type):
        values = read(node, _api_table(resolved, rules), path, findings)
        _check_api(node, values, path, findings)
        if resolved.get("type") != "api":  # else it was told already
            _check_required(node, path, rules, findings)
    elif of_step:
        limits = {k: e for k, e in node.entries.items() if k in keys.LIMITS}
        values = read(Fields(limits, node.line), keys.LIMITS, path, findings)
    _check_ranges(node, values, path, findings)
    rate = values.get("rate_limit_per_second")
    return HandlerConfig(
        written=plain(node, as_written=True),
        resolved=resolved | values,
        max_concurrent_requests=values.get("max_concurrent_requests"),
        rate_limit_per_second=None if rate is None else float(rate),
    )


def resolve_config(written: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Resolve a ``handler_config`` that was kept as written, as in a stored definition.

    Raises:
        LookupError: A variable is not set, or a placeholder is malformed; every one
            is named.
    """
    findings = Findings("")
    node = from_plain(written, None)
    assert isinstance(node, Fields)
    config = read_config(node, (), environ, findings)
    if findings:
        raise LookupError("; ".join(f"{p.key}: {p.message}" for p in findings.problems))
    return config.resolved


def _api_table(resolved: Mapping[str, Any], rules: ConfigRules) -> keys.Table:
    table = dict.fromkeys(rules.own_keys, keys.ANY) | dict(keys.API)
    # A handler with a process of its own may know its URLs by itself.
    return table if resolved.get("type") == "api" else table | {"url": keys.TEXT}


def _check_required(node: Fields, path: Path, rules: ConfigRules, findings: Findings) -> None:
    for name in rules.required:
        found = find(node, (name,))
        if found is None or (isinstance(found, Scalar) and found.value in (None, "")):
            message = f"handler {rules.handler!r} needs this key"
            findings.add(rules.line, (*path, name), message, f"add {name}")


_LEAST = {"retries": 0, "retry_delay": 0, "max_concurrent_requests": 1}
_ABOVE = {"timeout": 0, "rate_limit_per_second": 0}


def _check_ranges(node: Fields, values: dict[str, Any], path: Path, findings: Findings) -> None:
    for name, value in values.items():
        if name in _LEAST and not (math.isfinite(value) and value >= _LEAST[name]):
            wanted = f"at least {_LEAST[name]}"
        elif name in _ABOVE and not (math.isfinite(value) and value > _ABOVE[name]):
            wanted = f"above {_ABOVE[name]}"
        else:
            continue
        message = f"{name} is {_written(node, name)}"
        findings.add(line_of(node, (name,)), (*path, name), message, f"give a number {wanted}")


def _check_api(node: Fields, values: dict[str, Any], path: Path, findings: Findings) -> None:
    method = values.get("method")
    if method is not None and method.upper() not in METHODS:
        message = f"{_written(node, 'method')!r} is no HTTP method"
        remedy = f"write one of {', '.join(METHODS)}"
        findings.add(line_of(node, ("method",)), (*path, "method"), message, remedy)
    url = values.get("url")
    if url and not _is_url(url):
        message = f"{_written(node, 'url')!r} is no http or https URL with a host"
        remedy = "write it in full, as in https://api.example.com/v1"
        findings.add(line_of(node, ("url",)), (*path, "url"), message, remedy)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  # reading it checks it
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in text


def _written(node: Fields, name: str) -> str:
    found = find(node, (name,))
    return found.text if isinstance(found, Scalar) else "?"
