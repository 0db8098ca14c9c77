"""The exit codes of every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the shell is told.

    ``USAGE`` means that what was asked for is wrong: an option, a definition, a
    context; nothing was started. ``INTERRUPTED``, ``UNREAD`` and ``TERMINATED``
    are what shells expect of a program that ended by SIGINT, SIGPIPE and SIGTERM.
    """

    OK = 0
    ERROR = 1
    USAGE = 2
    CANCELLED = 3
    INTERRUPTED = 130
    UNREAD = 141
    TERMINATED = 143
