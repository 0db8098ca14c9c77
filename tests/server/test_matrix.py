"""The security matrix: each permission, on each route, with each kind of caller.

It is made of the routes that there are, so that a new one cannot be forgotten.
"""

import time

import pytest

from tasker.server import AuthConfig, SidecarConfig
from tasker.server.access.jwt_config import JwtConfig
from tasker.server.permissions import all_permissions
from tests.server.inside import application
from tests.server.routes import ABSENT, GUARDED, ROUTES
from tests.server.serving import problem
from tests.server.signing import AUDIENCE, ISSUER, SECRET, forged, pem, rsa_key, signed

PERMISSIONS = all_permissions()
CONFIG = SidecarConfig(
    auth=AuthConfig(
        authenticator="jwt",
        jwt=JwtConfig(secret=SECRET, issuer=ISSUER, audience=(AUDIENCE,)),
        # A role for each permission, so that a token has just those that it names.
        roles={permission: [permission] for permission in PERMISSIONS},
    )
)
LONG_AGO = int(time.time()) - 3_600


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def unknown(permission):
    """Callers that nobody knows, though what they say names the right permission."""
    right = {"roles": [permission]}
    good = signed(**right)
    return {
        "no token": {},
        "an empty token": {"Authorization": "Bearer "},
        "another scheme": {"Authorization": f"Basic {good}"},
        "no scheme": {"Authorization": good},
        "in the wrong place": {"X-API-Token": good, "Cookie": f"token={good}"},
        "a wrong signature": bearer(signed("x" * 64, **right)),
        "expired": bearer(signed(exp=LONG_AGO, **right)),
        "not valid yet": bearer(signed(nbf=LONG_AGO + 10_000, **right)),
        "for others": bearer(signed(aud="other", **right)),
        "of others": bearer(signed(iss="https://evil.example", **right)),
        "a wrong algorithm": bearer(signed(algorithm="HS512", **right)),
        "an algorithm of public keys": bearer(signed(rsa_key(), "RS256", **right)),
        "a public key as secret": bearer(forged({"alg": "HS256"}, secret=pem(rsa_key()))),
        "no algorithm": bearer(forged({"alg": "none"}, signature=b"")),
        "two tokens": [("Authorization", f"Bearer {good}"), ("Authorization", "Bearer x")],
        "the same token twice": [("Authorization", f"Bearer {good}")] * 2,
    }


@pytest.fixture(scope="module")
async def client():
    """A client of one application for all: to make one takes longer than to ask it."""
    async with application(config=CONFIG) as (client, _, app):
        app.stop()  # so that streams end
        yield client


@pytest.mark.parametrize(("method", "path", "permission"), GUARDED)
async def test_a_route_with_each_caller_and_each_permission(method, path, permission, client):
    path = path.replace("task_id", ABSENT)
    for kind, headers in unknown(permission).items():
        answer = await client.request(method, path, headers=headers)
        assert answer.status_code == 401, (kind, answer.text)
        problem(answer, 401, "AUTHENTICATION_FAILED")
        assert answer.headers["www-authenticate"] == "Bearer"
    without = [each for each in PERMISSIONS if each != permission]
    for roles in ([], *([each] for each in without), without):
        answer = await client.request(method, path, headers=bearer(signed(roles=roles)))
        found = problem(answer, 403, "AUTHORIZATION_FAILED")
        assert found["details"] == {"permission": permission}
    right = bearer(signed(roles=[permission]))
    assert (await client.request(method, path, headers=right)).status_code not in (401, 403)


@pytest.mark.parametrize("path", sorted({path for _, path, _ in GUARDED}))
async def test_other_methods_and_headers_lead_around_no_guard(path, client):
    legal = {method for method, each, _ in ROUTES if each == path}
    legal |= {"HEAD"} if "GET" in legal else set()
    path = path.replace("task_id", ABSENT)
    for method in ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "POST", "DELETE", "X"):
        answer = await client.request(method, path)
        if method in legal:
            assert answer.status_code == 401
        elif method == "OPTIONS":
            # It names no permission, and what names none is denied.
            problem(answer, 403, "AUTHORIZATION_FAILED")
        else:
            assert answer.status_code == 405, (method, answer.text)
    for headers in (
        {"X-HTTP-Method-Override": "GET"},
        {"X-Method-Override": "OPTIONS"},
        {"X-Original-URL": "/health/live", "X-Rewrite-URL": "/health/live"},
        {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
        {"X-Forwarded-User": "admin", "X-Remote-User": "admin", "Remote-User": "admin"},
        {"X-Forwarded-Prefix": "/health", "X-Forwarded-Path": "/health/live"},
        {"Forwarded": "for=127.0.0.1;by=admin"},
    ):
        answer = await client.request(min(legal), path, headers=headers)
        assert answer.status_code == 401, headers


@pytest.mark.parametrize("permission", sorted({permission for *_, permission in GUARDED}))
async def test_what_is_open_is_that_and_nothing_else(permission):
    auth = AuthConfig(
        authenticator="jwt", jwt=CONFIG.auth.jwt, roles=CONFIG.auth.roles, open=(permission,)
    )
    async with application(config=SidecarConfig(auth=auth)) as (client, _, app):
        app.stop()
        for other_method, other, needed in GUARDED:
            answer = await client.request(other_method, other.replace("task_id", ABSENT))
            assert (answer.status_code == 401) == (needed != permission), (other_method, other)
