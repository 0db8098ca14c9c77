"""What a failure of PostgreSQL or of the way to it means, and the one thing to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Trouble(NamedTuple):
    """A cause, and its remedy."""

    cause: str
    remedy: str


# By SQLSTATE, or by its first two characters, which are its class.
_REMEDIES = {
    "08": "see that the server runs, and that it is reachable from here",
    "25006": "it is a standby: name the primary, or several hosts and "
    "target_session_attrs=read-write",
    "28": "check the user and the password in the URL",
    "3D": "create the database first, with createdb",
    "42501": "grant the user what the schema needs, see docs/postgres.md",
    "42P01": "a table is missing: somebody removed it; restore the schema from a backup",
    "53100": "make room on the server's disk",
    "53300": "lower pool in the URL, or raise max_connections of the server",
    "57014": "the server was too slow; see what it does, or raise statement_seconds in the URL",
    "57": "wait for the server to be up again",
}
_NO_WAY = "see that the server runs, and check host and port in the URL"
_OTHER = "see the log of the server"


def trouble_of(failure: Exception) -> Trouble:
    """Explain a failure."""
    state = getattr(failure, "sqlstate", None)
    said = str(failure).strip() or type(failure).__name__
    if state is None:
        return Trouble(f"the server cannot be reached ({said})", _NO_WAY)
    remedy = _REMEDIES.get(state) or _REMEDIES.get(state[:2], _OTHER)
    return Trouble(said, remedy)
