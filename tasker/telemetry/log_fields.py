"""What an application adds to its own logging: fields of the task at hand, and masking.

Nothing here touches what is set up already; `tasker.telemetry.configure_logging` is the
other way, for programs that have set up nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar, Literal

from msgspec import Struct

from tasker.telemetry.masking import DEFAULT_RULES, Masker, MaskingRules
from tasker.telemetry.scope import CURRENT

FIELDS = ("task_id", "namespace", "task_name", "version", "step", "attempt", "correlation_id")
UNFORMATTED = "a log line could not be formatted, and is left out"


class LogSettings(Struct, frozen=True, kw_only=True):
    """What `configure_logging` was asked for, ``auto`` decided."""

    format: Literal["json", "console"]
    level: str
    rules: MaskingRules


class _InForce:
    """What holds in this process, for the processes that it starts."""

    settings: LogSettings | None = None


IN_FORCE = _InForce()


class TaskFields(logging.Filter):
    """Adds the fields of the attempt at hand to each record, as attributes; keeps them all.

        handler.addFilter(TaskFields())
        layout = "%(task_id)s %(step)s %(message)s"
        handler.setFormatter(logging.Formatter(layout, defaults=TaskFields.ABSENT))

    A record that names a task by ``extra={"task_id": …}`` gets nothing else. Put it on a
    handler: a filter of a logger does not see what its children log. Outside of attempts
    there is nothing to add, so that a layout needs ``ABSENT`` as its defaults.
    """

    # Not set on the record, which other handlers see as well.
    ABSENT: ClassVar[Mapping[str, str]] = dict.fromkeys(FIELDS, "-")
    """What stands in a layout for a field that is not known."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields; returns True."""
        attributes = record.__dict__
        scope = CURRENT.get()
        if scope is not None and attributes.get("task_id") is None:
            for name, value in scope.fields().items():
                attributes.setdefault(name, value)
        return True


class MaskingFormatter(logging.Formatter):
    """Formats as another formatter does, and hides the secrets in the line.

        handler.setFormatter(MaskingFormatter(handler.formatter))

    Works for plain text and for JSON, which stays JSON.

    Args:
        inner: What makes the line; None for the standard library's default.
        rules: What is hidden.
    """

    def __init__(
        self, inner: logging.Formatter | None = None, *, rules: MaskingRules = DEFAULT_RULES
    ) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()
        self._masker = Masker(rules=rules)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without secrets; when that fails, a line that says so."""
        try:
            line = self._inner.format(record)
            scope = CURRENT.get()
            if scope is not None and scope.masker is not None:
                line = scope.masker.known(line)
            return self._masker.text(line)
        except Exception:
            return f"{UNFORMATTED}: {record.pathname}:{record.lineno}"


def add_task_fields(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Add the fields of the attempt at hand: a processor for structlog."""
    scope = CURRENT.get()
    if scope is not None and event.get("task_id") is None:
        for name, value in scope.fields().items():
            event.setdefault(name, value)
    return event


class MaskSecrets:
    """Hides the secrets in an event: a processor for structlog, before the one that renders.

    What is neither number, text, list nor mapping becomes text. Exceptions are only seen
    when they are text by then, so put `structlog.processors.format_exc_info` before it.
    """

    def __init__(self, rules: MaskingRules = DEFAULT_RULES) -> None:
        self._masker = Masker(rules=rules)

    def __call__(
        self, logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Return the event without secrets."""
        scope = CURRENT.get()
        hidden = self._masker.data(dict(event))
        if scope is not None and scope.masker is not None:
            hidden = scope.masker.data(hidden)
        # What hides everything, when hiding failed, is one text.
        return hidden if isinstance(hidden, dict) else {"event": hidden}
