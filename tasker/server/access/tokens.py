"""API tokens: random, given out once, kept as hashes in a file.

A token is 256 bits of chance, so one SHA-256 of it is as good as a slow hash: there is
nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import anyio.to_thread
import msgspec
from msgspec import Struct

from tasker.server.access.protocols import Credentials, RequestScoped, User
from tasker.server.errors import AuthenticationError, ServerConfigError

PREFIX = "tsk_"
HEADER = "x-api-token"


class Token(Struct, frozen=True, kw_only=True):
    """A token as it is kept. ``digest`` is the SHA-256 of the token, in hex."""

    name: str
    digest: str
    roles: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None


class TokenFile:
    """The file of tokens: read and written whole, by its owner alone."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def read(self) -> tuple[Token, ...]:
        """Return the tokens; none where there is no file.

        Raises:
            ServerConfigError: The file cannot be read.
        """
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=tuple[Token, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError) as error:
            raise ServerConfigError(problems=[f"tokens file {self.path}: {error}"]) from error

    def create(
        self, name: str, roles: Sequence[str], *, expires_at: datetime | None, now: datetime
    ) -> str:
        """Add a token and return it; nothing can show it again."""
        known = self.read()
        if any(token.name == name for token in known):
            raise ServerConfigError(
                problems=[f"there is a token {name!r}; revoke it first, or take another name"]
            )
        secret = PREFIX + secrets.token_urlsafe(32)
        made = Token(
            name=name,
            digest=digest_of(secret),
            roles=tuple(roles),
            created_at=now,
            expires_at=expires_at,
        )
        self._write((*known, made))
        return secret

    def revoke(self, name: str) -> None:
        """Remove a token; raises `ServerConfigError` when there is none of that name."""
        known = self.read()
        kept = tuple(token for token in known if token.name != name)
        if len(kept) == len(known):
            raise ServerConfigError(problems=[f"there is no token {name!r} in {self.path}"])
        self._write(kept)

    def _write(self, tokens: Sequence[Token]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f"{self.path.name}.new")
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(tokens), indent=2))
        os.replace(draft, self.path)


class TokenAuthenticator(RequestScoped):
    """Knows whoever brings a token, as ``Authorization: Bearer`` or ``X-API-Token``.

    The file is looked at with every request, and read again when it has changed: a token
    that was revoked is refused from the next request on.
    """

    def __init__(self, path: str | Path) -> None:
        self._file = TokenFile(path)
        self._seen: tuple[int, int, int] | None = None
        self._tokens: dict[str, Token] = {}

    async def authenticate(self, credentials: Credentials) -> User:
        """See `Authenticator.authenticate`."""
        given = credentials.bearer() or credentials.headers.get(HEADER)
        if not given:
            raise AuthenticationError(
                reason="a token is needed: Authorization: Bearer, or X-API-Token"
            )
        tokens = await anyio.to_thread.run_sync(self._current)
        digest = digest_of(given)
        token = tokens.get(digest)
        if token is None or not hmac.compare_digest(token.digest, digest):
            raise AuthenticationError(reason="the token is not known")
        if token.expires_at is not None and token.expires_at <= datetime.now(UTC):
            raise AuthenticationError(reason="the token has expired")
        return User(user_id=token.name, roles=token.roles)

    def validate_configuration(self) -> Sequence[str]:
        """See `Authenticator.validate_configuration`."""
        try:
            tokens = self._file.read()
        except ServerConfigError as error:
            return error.problems
        if tokens:
            return ()
        path = self._file.path
        return (
            f"auth.tokens_file {path} has no token; make one with: "
            f"tasker tokens create NAME --file {path} --role admin",
        )

    def _current(self) -> dict[str, Token]:
        try:
            stat = self._file.path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except FileNotFoundError:
            seen = None
        if seen != self._seen or seen is None:
            self._tokens = {token.digest: token for token in self._file.read()}
            self._seen = seen
        return self._tokens


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
