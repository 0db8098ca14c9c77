"""The keys that a definition may have, level by level, and what each one takes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct


class Kind(Enum):
    """What a key takes; the value says it in an error."""

    TEXT = "text"
    INTEGER = "a whole number"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    TEXTS = "a list of text"
    MAPPING = "a mapping"
    TEXT_MAPPING = "a mapping of text to text"
    SWITCH_OR_MAPPING = "true, false, or a mapping"
    ITEMS = "a list of mappings"
    NAMED_ITEMS = "a list of names, or of mappings with a name"
    ANY = "any value"


class Key(Struct, frozen=True, kw_only=True):
    """One key.

    ``table`` holds the keys of the mapping, or of each mapping in the list. ``remedy``
    says what to do about a value of another kind, where that is worth a sentence.
    """

    kind: Kind
    required: bool = False
    table: Mapping[str, Key] | None = None
    remedy: str | None = None


Table = Mapping[str, Key]

TEXT = Key(kind=Kind.TEXT)
ANY = Key(kind=Kind.ANY)
_NAME = Key(kind=Kind.TEXT, required=True)
_TEXTS = Key(kind=Kind.TEXTS)
_BOOLEAN = Key(kind=Kind.BOOLEAN)
_INTEGER = Key(kind=Kind.INTEGER)
_NUMBER = Key(kind=Kind.NUMBER)
_MAPPING = Key(kind=Kind.MAPPING)

NAMED: Table = {"name": _NAME, "description": TEXT}

STEP: Table = {
    "name": _NAME,
    "description": TEXT,
    "handler_class": _NAME,
    "depends_on_step": TEXT,
    "depends_on_steps": _TEXTS,
    "dependent_system": TEXT,
    "default_retryable": _BOOLEAN,
    "default_retry_limit": _INTEGER,
    "skippable": _BOOLEAN,
    "timeout_seconds": _NUMBER,
    "executor": TEXT,
    "handler_config": _MAPPING,
    "custom_events": Key(kind=Kind.ITEMS, table=NAMED),
}

CONFIGURATION: Table = {
    "priority": _INTEGER,
    "max_execution_time": _NUMBER,
    "max_concurrent_steps": _INTEGER,
    "custom_metadata": _MAPPING,
}

DEFINITION: Table = {
    "name": _NAME,
    "namespace_name": TEXT,
    "version": Key(kind=Kind.TEXT, remedy='quote it, with three numbers: "1.0.0"'),
    "description": TEXT,
    "module_namespace": TEXT,
    "task_handler_class": TEXT,
    "default_dependent_system": TEXT,
    "named_steps": _TEXTS,
    "schema": _MAPPING,
    "step_templates": Key(kind=Kind.ITEMS, required=True, table=STEP),
    "custom_events": Key(kind=Kind.ITEMS, table=NAMED),
    "handler_config": _MAPPING,
    "configuration": Key(kind=Kind.MAPPING, table=CONFIGURATION),
    "annotation_types": Key(kind=Kind.NAMED_ITEMS, table=NAMED),
    "environments": _MAPPING,
}

LIMITS: Table = {"max_concurrent_requests": _INTEGER, "rate_limit_per_second": _NUMBER}

API: Table = {
    "type": TEXT,
    "url": _NAME,
    "method": TEXT,
    "params": _MAPPING,
    "headers": Key(kind=Kind.TEXT_MAPPING),
    "json": ANY,
    "timeout": _NUMBER,
    "retries": _INTEGER,
    "retry_delay": _NUMBER,
    "enable_exponential_backoff": _BOOLEAN,
    "ssl": Key(kind=Kind.SWITCH_OR_MAPPING),
    "result_headers": _TEXTS,
    "follow_redirects": _BOOLEAN,
    "send_correlation_id": _BOOLEAN,
    "send_trace_context": _BOOLEAN,
    **LIMITS,
}

# Other words for the same thing, which are too far away for spelling to find.
MEANT = {
    "steps": "step_templates",
    "namespace": "namespace_name",
    "handler": "handler_class",
    "class": "handler_class",
    "task_handler": "task_handler_class",
    "depends_on": "depends_on_steps",
    "needs": "depends_on_steps",
    "retryable": "default_retryable",
    "retry_limit": "default_retry_limit",
    "retries": "default_retry_limit",
    "max_attempts": "default_retry_limit",
    "timeout": "timeout_seconds",
    "config": "handler_config",
    "context_schema": "schema",
}
REMEDIES = {"concurrent": "steps always run concurrently; remove it"}
