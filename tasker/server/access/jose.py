"""Signed tokens as PyJWT checks them: the one module that imports it.

Needs the extra ``jwt``. A token says which algorithm it was signed with; what is done with
that is decided by the key and the settings alone (RFC 8725, section 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tasker.errors import MissingExtraError
from tasker.server.access.jwt_config import JwtConfig
from tasker.server.errors import AuthenticationError, ServerConfigError

try:
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
except ImportError as missing:
    raise MissingExtraError(feature="checking signed tokens", extra="jwt") from missing

LONGEST_TOKEN = 16 * 1024
"""Characters. A longer one is not looked at."""
LEAST_RSA_BITS = 2_048

_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_REASONS: Mapping[type[Exception], str] = {
    jwt.ExpiredSignatureError: "the token has expired",
    jwt.ImmatureSignatureError: "the token is not valid yet",
    jwt.InvalidAudienceError: "the token is meant for another audience",
    jwt.InvalidIssuerError: "the token is of another issuer",
}


class Header(NamedTuple):
    """What a token says of itself, which nobody has checked."""

    algorithm: str
    kid: str | None


class Key(NamedTuple):
    """A key to check signatures with; ``kid`` is its name, ``algorithm`` the only one it is for."""

    value: Any
    kid: str | None = None
    algorithm: str | None = None

    def fits(self, algorithm: str) -> bool:
        """Whether signatures of an algorithm can be checked with it."""
        if self.algorithm not in (None, algorithm):
            return False
        if isinstance(self.value, RSAPublicKey):
            return algorithm[:2] in ("RS", "PS")
        if isinstance(self.value, EllipticCurvePublicKey):
            return _CURVES.get(algorithm) == self.value.curve.name
        return isinstance(self.value, bytes) and algorithm.startswith("HS")


def read_header(token: str) -> Header:
    """Return what a token says of itself.

    Raises:
        AuthenticationError: It is no signed token, or asks for what this server does not know.
    """
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise AuthenticationError(reason="the token is no JWT")
    try:
        found = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise AuthenticationError(reason="the token is no JWT") from error
    algorithm, kid = found.get("alg"), found.get("kid")
    if not isinstance(algorithm, str) or not isinstance(kid, str | None) or "crit" in found:
        raise AuthenticationError(reason="the token is no JWT that is known here")
    return Header(algorithm, kid)


def claims_of(token: str, algorithm: str, key: Key, rules: JwtConfig) -> dict[str, Any]:
    """Return what a token says, once its signature and its times, issuer and audience hold.

    Raises:
        AuthenticationError: One of them does not; the reason says which.
    """
    if algorithm not in rules.taken or not key.fits(algorithm):
        raise AuthenticationError(reason="the token is signed in a way that is not taken here")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.value,
            algorithms=[algorithm],
            audience=rules.audience or None,
            issuer=rules.issuer,
            leeway=rules.leeway_seconds,
            options={"require": ["exp", *(["iss"] if rules.issuer is not None else [])]},
        )
    except jwt.MissingRequiredClaimError as error:
        raise AuthenticationError(reason=f"the token lacks {error.claim!r}") from error
    # Numbers beyond all bounds come out of the library as they are.
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        reason = _REASONS.get(type(error), "the token is not valid")
        raise AuthenticationError(reason=reason) from error
    return claims


def key_of_secret(secret: bytes, rules: JwtConfig) -> Key:
    """Return a secret as a key.

    Raises:
        ServerConfigError: It is shorter than the hash (RFC 7518, section 3.2), or no secret.
    """
    needed = max(int(each[2:]) // 8 for each in rules.taken)
    if len(secret) < needed:
        raise ServerConfigError(
            problems=[
                f"auth.jwt.secret has {len(secret)} bytes; {rules.taken[-1]} needs {needed}: "
                "python -c 'import secrets; print(secrets.token_urlsafe(64))'"
            ]
        )
    if secret.lstrip().startswith((b"-----BEGIN", b"ssh-")):
        raise ServerConfigError(
            problems=["auth.jwt.secret is a key that others have too; use public_key_file"]
        )
    return Key(secret)


def key_of_pem(pem: bytes, rules: JwtConfig) -> Key:
    """Return a public key of a file.

    Raises:
        ServerConfigError: It is none, or not one for the algorithms.
    """
    try:
        key = Key(load_pem_public_key(pem))
    except (ValueError, TypeError) as error:
        raise ServerConfigError(
            problems=[f"auth.jwt.public_key_file holds no public key as PEM: {error}"]
        ) from error
    if _is_weak(key) or not any(key.fits(each) for each in rules.taken):
        raise ServerConfigError(
            problems=[f"auth.jwt.public_key_file: the key is not for {', '.join(rules.taken)}"]
        )
    return key


def keys_of_set(document: Any) -> list[Key]:
    """Return the keys of a JSON Web Key Set that signatures can be checked with.

    Others in it, as those for encryption, are left out. So are secrets: whoever can read
    the set could sign with them.

    Raises:
        ValueError: It is no such set.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("it holds no 'keys'")
    return [key for each in entries if (key := _key_of_entry(each)) is not None]


def _key_of_entry(entry: Any) -> Key | None:
    if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC"):
        return None
    if entry.get("use", "sig") != "sig":
        return None
    kid, algorithm = entry.get("kid"), entry.get("alg")
    if not isinstance(kid, str | None) or not isinstance(algorithm, str | None):
        return None
    try:
        key = Key(jwt.PyJWK(entry).key, kid, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return None if _is_weak(key) else key


def _is_weak(key: Key) -> bool:
    return isinstance(key.value, RSAPublicKey) and key.value.key_size < LEAST_RSA_BITS
