"""What is sent to be answered."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Request(Struct, frozen=True, kw_only=True, rename="camel"):
    """An operation as it is sent; ``variables`` may be JSON as a string."""

    query: str
    variables: dict[str, Any] | str | None = None
    operation_name: str | None = None
