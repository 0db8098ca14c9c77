"""Signed tokens (JWT): of a secret that both sides know, or of an issuer's keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tasker.server.access.jose import claims_of, key_of_pem, key_of_secret, read_header
from tasker.server.access.jwt_config import JwtConfig, Kind
from tasker.server.access.keys import (
    Fetch,
    FetchedKeys,
    Keys,
    OneKey,
    discover_set,
    fetch_json,
)
from tasker.server.access.protocols import Credentials, RequestScoped, User
from tasker.server.errors import AuthenticationError, ServerConfigError

LONGEST_ID = 255


class JwtAuthenticator(RequestScoped):
    """Knows whoever brings a token that the issuer signed, as ``Authorization: Bearer``.

    Args:
        rules: Which tokens are taken, and what is read from them.
        kind: ``oidc`` finds the keys by the issuer's discovery document.
        fetch: Gets a JSON document.

    Raises:
        ServerConfigError: The settings cannot be, or the key cannot be read.
        MissingExtraError: The extra ``jwt`` is not installed.
    """

    def __init__(self, rules: JwtConfig, kind: Kind = "jwt", *, fetch: Fetch = fetch_json) -> None:
        if problems := rules.problems(kind):
            raise ServerConfigError(problems=problems)
        self._rules = rules
        self._keys = _keys_for(rules, fetch)

    async def authenticate(self, credentials: Credentials) -> User:
        """See `Authenticator.authenticate`.

        Raises:
            AuthenticationError: There is no token, or it does not hold.
            KeysUnavailableError: The keys to check it with cannot be got just now.
        """
        token = credentials.bearer()
        if token is None:
            raise AuthenticationError(reason="a token is needed: Authorization: Bearer")
        header = read_header(token)
        # Before any key is looked for: what is not taken costs nothing.
        if header.algorithm not in self._rules.taken:
            raise AuthenticationError(reason="the token is signed in a way that is not taken here")
        key = await self._keys.find(header.algorithm, header.kid)
        if key is None:
            raise AuthenticationError(reason="the token is signed with a key that is not known")
        return user_of_claims(claims_of(token, header.algorithm, key, self._rules), self._rules)

    def validate_configuration(self) -> Sequence[str]:
        """See `Authenticator.validate_configuration`: what cannot be was refused when made."""
        return ()


def user_of_claims(claims: Mapping[str, Any], rules: JwtConfig) -> User:
    """Return the user that a checked token tells of.

    Raises:
        AuthenticationError: It tells of none.
    """
    name = claims.get(rules.user_claim)
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_ID or not name.isprintable():
        raise AuthenticationError(reason=f"the token names no user in {rules.user_claim!r}")
    roles = dict.fromkeys((*rules.default_roles, *_roles(claims, rules.roles_claim)))
    return User(user_id=name, roles=tuple(roles), claims=claims)


def _roles(claims: Mapping[str, Any], path: str) -> list[str]:
    # The whole name first: some issuers have URLs, with dots, for names of claims.
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return found.split()
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _keys_for(rules: JwtConfig, fetch: Fetch) -> Keys:
    if rules.secret is not None:
        return OneKey(key_of_secret(rules.secret.encode(), rules))
    if rules.secret_file is not None:
        return OneKey(key_of_secret(_read("secret_file", rules.secret_file).strip(), rules))
    if rules.public_key_file is not None:
        return OneKey(key_of_pem(_read("public_key_file", rules.public_key_file), rules))
    if rules.jwks_url is not None:
        return FetchedKeys(partial(fetch, rules.jwks_url), rules)
    assert rules.issuer is not None
    return FetchedKeys(partial(discover_set, rules.issuer, fetch), rules)


def _read(setting: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ServerConfigError(
            problems=[f"auth.jwt.{setting}: {path}: {error.strerror or error}"]
        ) from error
