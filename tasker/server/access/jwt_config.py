"""The settings of authenticators that take signed tokens."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from tasker.server.addresses import is_loopback
from tasker.telemetry.masking import FILTER_MASK

WITH_SECRET = ("HS256", "HS384", "HS512")
WITH_PUBLIC_KEY = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
)
KEYS = ("secret", "secret_file", "public_key_file", "jwks_url")

Kind = Literal["jwt", "oidc"]


class JwtConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which signed tokens are taken, and what is read from them. Times in seconds.

    One of ``secret``, ``secret_file``, ``public_key_file`` and ``jwks_url`` has the keys;
    for ``oidc`` none, since the issuer tells where they are.

    Attributes:
        secret: What both sides know, for HS256, HS384 or HS512: as many bytes as the hash has.
        secret_file: A file with that secret.
        public_key_file: A file with the issuer's public key, as PEM.
        jwks_url: Where the issuer's keys are, as a JSON Web Key Set (RFC 7517).
        algorithms: Those that are taken. Empty for HS256 with a secret, else for RS256 and
            ES256. A token never decides how it is checked.
        issuer: What ``iss`` must be.
        audience: One of which ``aud`` must have.
        leeway_seconds: How far the clocks of the issuer and of this machine may differ.
        user_claim: The claim with the id of the user.
        roles_claim: The claim with the roles, a list or words with spaces between; dots lead
            into objects, as in ``realm_access.roles``.
        default_roles: The roles of everybody, beside those.
        keys_seconds: How long fetched keys are used before they are fetched again.
        keys_stale_seconds: How long they are used when they cannot be fetched again.
    """

    secret: str | None = None
    secret_file: str | None = None
    public_key_file: str | None = None
    jwks_url: str | None = None
    algorithms: tuple[str, ...] = ()
    issuer: str | None = None
    audience: tuple[str, ...] = ()
    leeway_seconds: float = 30.0
    user_claim: str = "sub"
    roles_claim: str = "roles"
    default_roles: tuple[str, ...] = ()
    keys_seconds: float = 300.0
    keys_stale_seconds: float = 3_600.0

    def __repr__(self) -> str:
        # Settings get into logs and tracebacks; the secret must not.
        told = {name: getattr(self, name) for name in self.__struct_fields__}
        if self.secret is not None:
            told["secret"] = FILTER_MASK
        return f"JwtConfig({', '.join(f'{name}={value!r}' for name, value in told.items())})"

    @property
    def has_secret(self) -> bool:
        """Whether the keys are a secret that both sides know."""
        return self.secret is not None or self.secret_file is not None

    @property
    def taken(self) -> tuple[str, ...]:
        """The algorithms that are taken."""
        return self.algorithms or (("HS256",) if self.has_secret else ("RS256", "ES256"))

    def problems(self, kind: Kind) -> list[str]:
        """Return what is wrong, each with what to do."""
        return [
            f"auth.jwt.{each}"
            for each in (
                *self._key_problems(kind),
                *self._algorithm_problems(),
                *self._claim_problems(kind),
                *self._number_problems(),
            )
        ]

    def _key_problems(self, kind: Kind) -> list[str]:
        given = [name for name in KEYS if getattr(self, name) is not None]
        if kind == "oidc":
            return [f"{name} is for 'jwt'; the issuer of 'oidc' tells its keys" for name in given]
        if len(given) != 1:
            told = " and ".join(given) or "none"
            return [f"keys: give one of {', '.join(KEYS)}; there is {told}"]
        return [] if self.jwks_url is None else url_problems("jwks_url", self.jwks_url)

    def _algorithm_problems(self) -> list[str]:
        # One key is never used both ways: whoever has a public key could sign with it.
        legal = WITH_SECRET if self.has_secret else WITH_PUBLIC_KEY
        return [
            f"algorithms: {each!r} is not one of {', '.join(legal)}, which these keys are for"
            for each in self.taken
            if each not in legal
        ]

    def _claim_problems(self, kind: Kind) -> list[str]:
        found = []
        if not self.has_secret:
            # Keys of an issuer sign for all its applications.
            if self.issuer is None:
                found.append("issuer is missing; it is what 'iss' of the tokens must be")
            if not self.audience:
                found.append("audience is missing; it is what 'aud' of the tokens must have")
        if kind == "oidc" and self.issuer is not None:
            found += url_problems("issuer", self.issuer)
        found += [
            f"{name} is empty; name a claim"
            for name in ("user_claim", "roles_claim")
            if not getattr(self, name)
        ]
        return found

    def _number_problems(self) -> list[str]:
        found = []
        if not 0 <= self.leeway_seconds <= 600:
            found.append(f"leeway_seconds is {self.leeway_seconds}; it must be 0 to 600")
        if not self.keys_seconds > 0:
            found.append(f"keys_seconds is {self.keys_seconds}; it must be greater than 0")
        if not self.keys_stale_seconds >= self.keys_seconds:
            found.append("keys_stale_seconds is less than keys_seconds")
        return found


def url_problems(name: str, url: str) -> list[str]:
    """Return what is wrong with the URL of an issuer: what it says must come from nobody else."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host:
        return [f"{name} {url!r} is no URL"]
    if parts.username is not None:
        return [f"{name} has a user in it; keys are public"]
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        return []
    return [f"{name} {url!r} must begin with https://"]
