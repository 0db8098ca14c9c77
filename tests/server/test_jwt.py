"""Signed tokens: what is taken, and everything that is not."""

import time

import anyio
import anyio.to_thread
import pytest

from tasker.server import AuthenticationError
from tasker.server.access.jose import Key, claims_of, read_header
from tasker.server.access.jwt import JwtAuthenticator
from tasker.server.access.jwt_config import JwtConfig
from tests.server.bearing import RULES, URL, Issuer, bearing, refusal, user_by
from tests.server.signing import (
    AUDIENCE,
    ISSUER,
    SECRET,
    claims,
    ec_key,
    forged,
    jwk,
    pem,
    rsa_key,
    signed,
)


async def test_a_good_token_tells_who_asks():
    user = await user_by(signed(roles=["viewer", "shop"]))
    assert (user.user_id, user.roles) == ("ann", ("viewer", "shop"))
    assert user.claims["iss"] == ISSUER


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_hashes_of_a_secret(algorithm):
    rules = JwtConfig(secret=SECRET, algorithms=(algorithm,))
    token = signed(algorithm=algorithm, aud=None)
    assert (await user_by(token, rules)).user_id == "ann"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", rsa_key()), ("RS512", rsa_key()), ("PS256", rsa_key()), ("ES256", ec_key())],
)
async def test_public_keys(algorithm, key, tmp_path):
    file = tmp_path / "key.pem"
    file.write_bytes(pem(key))
    of_file = JwtConfig(
        public_key_file=str(file), algorithms=(algorithm,), issuer=ISSUER, audience=("x", AUDIENCE)
    )
    authenticator = await anyio.to_thread.run_sync(JwtAuthenticator, of_file)
    token = signed(key, algorithm)
    assert (await authenticator.authenticate(bearing(token))).user_id == "ann"
    issuer = Issuer(jwk(key, "a"))
    rules = JwtConfig(jwks_url=URL, algorithms=(algorithm,), issuer=ISSUER, audience=(AUDIENCE,))
    assert (await user_by(token, rules, fetch=issuer)).user_id == "ann"


NOW = int(time.time())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": NOW - 5}, "expired"),
        ({"exp": None}, "lacks 'exp'"),
        ({"exp": "soon"}, "not valid"),
        ({"exp": 1e400}, "not valid"),
        ({"exp": [NOW + 60]}, "not valid"),
        ({"nbf": NOW + 3_600}, "not valid yet"),
        ({"iat": NOW + 3_600}, "not valid yet"),
        ({"aud": "other"}, "another audience"),
        ({"aud": ["other", "tasker2"]}, "another audience"),
        ({"aud": None}, "lacks 'aud'"),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": f"{ISSUER}/"}, "another issuer"),
        ({"iss": None}, "lacks 'iss'"),
        ({"sub": None}, "names no user"),
        ({"sub": ""}, "names no user"),
        ({"sub": "ann\nbob"}, "names no user"),
        ({"sub": "a" * 256}, "names no user"),
    ],
)
async def test_what_a_token_says_has_to_hold(changed, reason):
    assert reason in await refusal(signed(**changed))


async def test_clocks_may_differ_by_the_leeway():
    rules, now = JwtConfig(secret=SECRET, leeway_seconds=60), int(time.time())
    assert (await user_by(signed(exp=now - 5, nbf=now + 30, aud=None), rules)).user_id == "ann"
    assert "expired" in await refusal(signed(exp=now - 100, aud=None), rules)


async def test_a_token_for_others_is_not_taken_where_no_audience_is_set():
    assert "audience" in await refusal(signed(aud="other"), JwtConfig(secret=SECRET))


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "..",
        signed()[:-2] + "AA",
        signed() + "." + signed(),
        signed("another-secret-that-nobody-knows-here-0123456789"),
        forged({"alg": "none", "typ": "JWT"}, signature=b""),
        forged({"alg": "nOnE", "typ": "JWT"}, signature=b""),
        forged({"alg": "", "typ": "JWT"}, signature=b""),
        forged({"alg": ["HS256"]}, secret=SECRET.encode()),
        forged({"typ": "JWT"}, secret=SECRET.encode()),
        forged({"alg": "HS256", "kid": 7}, secret=SECRET.encode()),
        forged({"alg": "HS256", "crit": ["exp"]}, secret=SECRET.encode()),
        forged({"alg": "HS512"}, secret=SECRET.encode()),
        forged({"alg": "HS256"}, [1], secret=SECRET.encode()),
        signed() + "=" * 20_000,
        "é.é.é",
    ],
)
async def test_what_is_no_good_token_is_refused(token):
    assert await refusal(token)


def test_each_part_holds_without_the_others():
    # Whatever finds the key and reads the head, these do not rely on it.
    with pytest.raises(AuthenticationError, match="a way that is not taken"):
        claims_of(signed(algorithm="HS512"), "HS512", Key(SECRET.encode()), RULES)
    with pytest.raises(AuthenticationError, match="a way that is not taken"):
        claims_of(signed(), "HS256", Key(rsa_key().public_key()), RULES)
    for header in ({"alg": "HS256", "crit": ["exp"]}, {"alg": "HS256", "crit": []}):
        with pytest.raises(AuthenticationError):
            read_header(forged(header, secret=SECRET.encode()))


async def test_the_good_twin_of_a_forged_token_is_taken():
    good = forged({"alg": "HS256", "typ": "JWT"}, secret=SECRET.encode())
    assert (await user_by(good)).user_id == "ann"


@pytest.mark.parametrize(
    ("path", "said", "roles"),
    [
        ("roles", {"roles": "a b"}, ("a", "b")),
        ("realm_access.roles", {"realm_access": {"roles": ["a", 7, "b"]}}, ("a", "b")),
        ("https://x.example/roles", {"https://x.example/roles": ["a"]}, ("a",)),
        ("scope", {"scope": "read write"}, ("read", "write")),
        ("roles.x", {"roles": "a"}, ()),
        ("roles", {"roles": {"admin": True}}, ()),
    ],
)
async def test_where_the_roles_are(path, said, roles):
    rules = JwtConfig(secret=SECRET, roles_claim=path)
    user = await user_by(signed(**{"aud": None, "roles": None, **said}), rules)
    assert user.roles == roles


async def test_everybody_can_have_roles_and_another_claim_the_name():
    rules = JwtConfig(secret=SECRET, default_roles=("viewer",), user_claim="email")
    user = await user_by(signed(email="a@b.example", aud=None), rules)
    assert (user.user_id, user.roles) == ("a@b.example", ("viewer", "admin"))
    assert "no user in 'email'" in await refusal(signed(aud=None), rules)


def test_two_tokens_of_one_payload_are_two_users():
    # What was found for one token is not kept for the next.
    authenticator = JwtAuthenticator(RULES)

    async def both():
        names = ("ann", "bob") * 10
        found = [await authenticator.authenticate(bearing(signed(sub=name))) for name in names]
        assert [each.user_id for each in found] == list(names)

    anyio.run(both)
    assert claims()["sub"] == "ann"
