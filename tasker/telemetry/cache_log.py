"""What there is to tell of caches, as lines of the log."""

from __future__ import annotations

import logging

from tasker.stores.caches import Notice
from tasker.telemetry.engine_log import logger


def log_notice(notice: Notice) -> None:
    """Log a notice, its facts beside the text: for `DetectorRegistry(tell=log_notice)`."""
    level = logging.WARNING if notice.trouble else logging.INFO
    facts = ", ".join(f"{name}={value}" for name, value in notice.facts.items())
    logger.log(level, "%s (%s)", notice.text, facts, extra={"cache": dict(notice.facts)})
