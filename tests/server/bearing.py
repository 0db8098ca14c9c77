"""A token on its way to the user that it names, and an issuer that publishes keys."""

import anyio.lowlevel
import pytest

from tasker.server import AuthenticationError
from tasker.server.access.jwt import JwtAuthenticator
from tasker.server.access.jwt_config import JwtConfig
from tasker.server.access.protocols import Credentials
from tests.server.signing import AUDIENCE, ISSUER, SECRET

RULES = JwtConfig(secret=SECRET, issuer=ISSUER, audience=(AUDIENCE,), leeway_seconds=0)
URL = f"{ISSUER}/keys"
FETCHED = JwtConfig(jwks_url=URL, issuer=ISSUER, audience=(AUDIENCE,))


def bearing(token):
    return Credentials(headers={"authorization": f"Bearer {token}"})


async def user_by(token, rules=RULES, **parts):
    return await JwtAuthenticator(rules, **parts).authenticate(bearing(token))


async def refusal(token, rules=RULES, **parts):
    with pytest.raises(AuthenticationError) as caught:
        await user_by(token, rules, **parts)
    return caught.value.reason


class Issuer:
    """Publishes keys, and counts how often they are asked for."""

    def __init__(self, *keys):
        self.keys = list(keys)
        self.fetched = []
        self.fails = False

    async def __call__(self, url):
        await anyio.lowlevel.checkpoint()
        self.fetched.append(url)
        if self.fails:
            raise OSError("no route")
        return {"keys": self.keys}
