"""The settings of telemetry."""

from __future__ import annotations

import re

from msgspec import Struct

from tasker.telemetry.correlation import CORRELATION_HEADER
from tasker.telemetry.masking import FILTER_MASK, FILTER_PARAMETERS, MaskingRules


class TelemetryConfig(Struct, frozen=True, kw_only=True):
    """What an engine tells of its work.

    Attributes:
        filter_parameters: Parts of keys whose values are hidden, as `MaskingRules` says.
        filter_mask: What stands for a value that is hidden.
        correlation_id_header: The header by which API steps pass the correlation id on;
            empty for none.
        slow_commit_seconds: A commit that takes longer is logged.
        traces: Whether spans are made, by OpenTelemetry's global tracer provider. Needs
            the extra ``otel``.
    """

    filter_parameters: tuple[str, ...] = FILTER_PARAMETERS
    filter_mask: str = FILTER_MASK
    correlation_id_header: str = CORRELATION_HEADER
    slow_commit_seconds: float = 1.0
    traces: bool = False

    def __post_init__(self) -> None:
        self.masking  # noqa: B018 (it refuses what cannot be)
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*", self.correlation_id_header):
            raise ValueError(
                f"correlation_id_header is {self.correlation_id_header!r}; it must be the name of "
                "a header, as in X-Correlation-ID, or empty for none"
            )
        if not self.slow_commit_seconds > 0:
            raise ValueError(
                f"slow_commit_seconds is {self.slow_commit_seconds}; it must be greater than 0"
            )

    @property
    def masking(self) -> MaskingRules:
        """The rules of the filter."""
        return MaskingRules(filter_parameters=self.filter_parameters, filter_mask=self.filter_mask)
