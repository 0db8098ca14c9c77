"""Checks of a whole observability stack, by running real workflows against it.

    from tasker.validation.jaeger import validate_jaeger

    report = await validate_jaeger("http://localhost:16686", "http://localhost:4318/v1/traces")
    print("\\n".join(report.lines(verbose=True)))

`tasker.validation.prometheus` has the same for metrics. Each validator is a module of its
own, for it may need an extra.
"""

from tasker.validation.checks import Check, CheckFailedError, Finding, Outcome, Report

__all__ = ["Check", "CheckFailedError", "Finding", "Outcome", "Report"]
