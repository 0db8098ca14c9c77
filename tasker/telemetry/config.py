"""The settings of telemetry."""

from __future__ import annotations

import re

from msgspec import Struct

from tasker.telemetry.correlation import CORRELATION_HEADER
from tasker.telemetry.masking import FILTER_MASK, FILTER_PARAMETERS, MaskingRules
from tasker.telemetry.metrics.tallies import DURATION_BOUNDS


class TelemetryConfig(Struct, frozen=True, kw_only=True):
    """What an engine tells of its work.

    Attributes:
        filter_parameters: Parts of keys whose values are hidden, as `MaskingRules` says.
        filter_mask: What stands for a value that is hidden.
        correlation_id_header: The header by which API steps pass the correlation id on;
            empty for none.
        slow_commit_seconds: A commit that takes longer is logged.
        metrics_enabled: Whether tasks and steps are counted, and metrics told.
        metrics_buckets: Upper bounds of the buckets for times of tasks and steps, in
            seconds, rising.
        traces: Whether spans are made, by OpenTelemetry's global tracer provider. Needs
            the extra ``otel``.
    """

    filter_parameters: tuple[str, ...] = FILTER_PARAMETERS
    filter_mask: str = FILTER_MASK
    correlation_id_header: str = CORRELATION_HEADER
    slow_commit_seconds: float = 1.0
    metrics_enabled: bool = True
    metrics_buckets: tuple[float, ...] = DURATION_BOUNDS
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

        if not self.metrics_buckets or sorted(set(self.metrics_buckets)) != [*self.metrics_buckets]:
            raise ValueError(
                f"metrics_buckets is {self.metrics_buckets}; it must be numbers that rise, as in "
                "(0.1, 1.0, 10.0)"
            )

    @property
    def masking(self) -> MaskingRules:
        """The rules of the filter."""
        return MaskingRules(filter_parameters=self.filter_parameters, filter_mask=self.filter_mask)
