"""Logging for a program that has set up none: JSON lines, or lines for a terminal.

Everything goes through the standard library's root logger: what the engine, the
application and its libraries log, and what they log by structlog.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO, get_args

import msgspec
import structlog

from tasker.telemetry.log_fields import (
    FIELDS,
    IN_FORCE,
    UNFORMATTED,
    LogSettings,
    MaskSecrets,
    TaskFields,
    add_task_fields,
)
from tasker.telemetry.masking import DEFAULT_RULES, MaskingRules

LogFormat = Literal["auto", "json", "console"]
LEVELS = ("debug", "info", "warning", "error", "critical")


class ConfiguredLogging:
    """What `configure_logging` has set up; `restore` takes it away again."""

    def __init__(self, handler: _Handler) -> None:
        self.handler = handler

    def restore(self) -> None:
        """Leave logging as it was before. The second time does nothing."""
        root = logging.getLogger()
        if self.handler in root.handlers:
            root.removeHandler(self.handler)
            root.setLevel(self.handler.level_before)
            IN_FORCE.settings = None
            if self.handler.with_structlog:
                structlog.reset_defaults()


def configure_logging(
    format: LogFormat = "auto",
    *,
    level: str = "info",
    stream: TextIO | None = None,
    rules: MaskingRules = DEFAULT_RULES,
) -> ConfiguredLogging:
    """Write everything that is logged to a stream, with the task's fields, without secrets.

    For programs that have set up no logging: the engine never calls it. It adds a
    handler to the root logger, and sets its level; structlog is set up to go the same
    way, unless the application has done that. Calling it again replaces what it did.

    Args:
        format: ``json`` for a JSON object a line, ``console`` for people, ``auto`` for
            the latter on a terminal alone.
        level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``, and above.
        stream: Where to; the standard error output when None.
        rules: What is hidden.

    Raises:
        ValueError: There is no such format or level.
    """
    if format not in get_args(LogFormat):
        raise ValueError(
            f"format is {format!r}; it must be one of {', '.join(get_args(LogFormat))}"
        )
    if level not in LEVELS:
        raise ValueError(f"level is {level!r}; it must be one of {', '.join(LEVELS)}")
    root = logging.getLogger()
    before, with_structlog = root.level, not structlog.is_configured()
    for former in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(former)
        before, with_structlog = former.level_before, former.with_structlog
    handler = _Handler(stream if stream is not None else sys.stderr, before, with_structlog)
    is_console = format == "console" or (format == "auto" and handler.stream.isatty())
    handler.setFormatter(_formatter(handler.stream, rules, is_console=is_console))
    handler.addFilter(TaskFields())
    handler.addFilter(_is_no_plumbing)
    root.addHandler(handler)
    root.setLevel(level.upper())
    IN_FORCE.settings = LogSettings(
        format="console" if is_console else "json", level=level, rules=rules
    )
    if with_structlog:
        _configure_structlog()
    return ConfiguredLogging(handler)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines, and tells nothing of a record that cannot be written."""

    def __init__(self, stream: TextIO, level_before: int, with_structlog: bool) -> None:
        super().__init__(stream)
        # As it was before, and whether structlog is ours to take back.
        self.level_before = level_before
        self.with_structlog = with_structlog

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception:
            place = {"logger": record.name, "place": f"{record.pathname}:{record.lineno}"}
            return json.dumps({"level": "error", "event": UNFORMATTED, **place})

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: the default prints the record with its arguments, secrets and all."""


def _is_no_plumbing(record: logging.LogRecord) -> bool:
    """Leave out two lines for every call of the store, which drown all else."""
    return record.name != "aiosqlite" or record.levelno >= logging.INFO


def _formatter(stream: TextIO, rules: MaskingRules, *, is_console: bool) -> logging.Formatter:
    render: Any = _render_json
    last: list[Any] = []
    if is_console:
        last = [_spell_out]
        render = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
        processors=[
            _describe,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            MaskSecrets(rules),
            *last,
            render,
        ],
    )


def _configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            add_task_fields,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _describe(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Say when, how grave and by whom, from the record: it may be formatted much later."""
    record: logging.LogRecord = event["_record"]
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    head = {
        "timestamp": at.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": event.get("event"),
    }
    # An application may have set structlog up by itself, without `add_task_fields`.
    task = {name: record.__dict__[name] for name in FIELDS if name in record.__dict__}
    return {**head, **task, **{name: part for name, part in event.items() if name not in head}}


def _render_json(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    try:
        return msgspec.json.encode(event).decode()
    except (TypeError, ValueError, OverflowError, UnicodeError):
        # Integers beyond 64 bits, lone surrogates.
        return json.dumps(event, default=str)


def _spell_out(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Spell control characters out: a line of a log may not move a terminal's cursor."""
    return {
        name: _plain(value, keep="\n" if name in ("exception", "stack") else "")
        for name, value in event.items()
    }


def _plain(value: Any, keep: str) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(
        each
        if each.isprintable() or each in keep
        else each.encode("unicode_escape").decode("ascii", "replace")
        for each in value
    )
