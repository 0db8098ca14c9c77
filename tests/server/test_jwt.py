"""Signed tokens: what is taken, and everything that is not."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import anyio
import anyio.lowlevel
import anyio.to_thread
import jwt
import pytest

from tasker.server import AuthConfig, AuthenticationError, ServerConfigError
from tasker.server.access.jose import Key, claims_of, read_header
from tasker.server.access.jwt import JwtAuthenticator
from tasker.server.access.jwt_config import JwtConfig
from tasker.server.access.keys import DISCOVERY, FetchedKeys, fetch_json
from tasker.server.access.protocols import Credentials
from tasker.server.errors import KeysUnavailableError
from tasker.server.settings import load_settings
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


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


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


async def test_a_public_key_is_never_a_secret(tmp_path):
    file = tmp_path / "key.pem"
    file.write_bytes(pem(rsa_key()))
    rules = JwtConfig(public_key_file=str(file), issuer=ISSUER, audience=(AUDIENCE,))
    authenticator = await anyio.to_thread.run_sync(JwtAuthenticator, rules)
    issuer = Issuer(jwk(rsa_key(), "a"))
    for algorithm in ("HS256", "hs256", "RS384", "ES256"):
        for secret in (pem(rsa_key()), pem(rsa_key()).strip(), b""):
            token = forged({"alg": algorithm, "kid": "a"}, secret=secret)
            with pytest.raises(AuthenticationError):
                await authenticator.authenticate(bearing(token))
            assert await refusal(token, FETCHED, fetch=issuer)


async def test_a_key_that_a_token_brings_is_not_used():
    mine, issuer = rsa_key("mine"), Issuer(jwk(rsa_key(), "a"))
    for headers in (
        {"jwk": jwk(mine, "a"), "kid": "a"},
        {"jku": "https://evil.example/keys", "kid": "a"},
        {"x5u": "https://evil.example/cert", "kid": "a"},
        {"kid": "../../dev/null"},
        {"kid": "https://evil.example/keys"},
    ):
        assert await refusal(signed(mine, "RS256", headers=headers), FETCHED, fetch=issuer)
    assert set(issuer.fetched) == {URL}


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
async def test_keys_of_a_set_that_are_for_something_else_are_not_used():
    weak = rsa_key("weak", 1024)
    secret = {
        "kty": "oct",
        "kid": "s",
        "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I",
        "alg": "HS256",
    }
    issuer = Issuer(
        jwk(rsa_key(), "enc", use="enc"),
        jwk(rsa_key(), "other", alg="RS512"),
        jwk(weak, "weak"),
        jwk(ec_key(curve="384"), "curve"),
        secret,
        jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key("leaked"), as_dict=True) | {"kid": "leaked"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        "no key",
        jwk(ec_key(), "good"),
    )
    for key, algorithm, kid in (
        (rsa_key(), "RS256", "enc"),
        (rsa_key(), "RS256", "other"),
        (weak, "RS256", "weak"),
        (ec_key(), "ES256", "curve"),
        (rsa_key(), "RS256", "broken"),
        (rsa_key("leaked"), "RS256", "leaked"),
        (ec_key("mine"), "ES256", "good"),
        (ec_key(), "ES256", "absent"),
    ):
        token = signed(key, algorithm, headers={"kid": kid})
        assert await refusal(token, FETCHED, fetch=issuer), kid
    assert await refusal(
        forged({"alg": "HS256", "kid": "s"}, secret=b"secret" * 6), FETCHED, fetch=issuer
    )
    # The one that is left needs no name.
    for headers in ({"kid": "good"}, None):
        assert await user_by(signed(ec_key(), "ES256", headers=headers), FETCHED, fetch=issuer)


def fetched(issuer, clock, **rules):
    made = JwtConfig(jwks_url=URL, issuer=ISSUER, audience=(AUDIENCE,), **rules)
    return FetchedKeys(lambda: issuer(URL), made, clock=clock)


async def test_keys_are_kept_and_change():
    clock, issuer = Clock(), Issuer(jwk(rsa_key(), "old"))
    keys = fetched(issuer, clock)
    for _ in range(3):
        assert await keys.find("RS256", "old")
    assert len(issuer.fetched) == 1
    # The issuer begins to sign with a new key: it is looked for at once.
    issuer.keys.append(jwk(ec_key(), "new"))
    clock.now += 60
    assert await keys.find("ES256", "new")
    assert len(issuer.fetched) == 2
    # It withdraws the old one: no longer than `keys_seconds` is it taken.
    del issuer.keys[0]
    clock.now += 299
    assert await keys.find("RS256", "old")
    clock.now += 1
    assert await keys.find("RS256", "old") is None
    assert await keys.find("ES256", "new")


async def test_all_who_come_at_once_wait_for_one_fetch():
    issuer = Issuer(jwk(rsa_key(), "a"))
    keys, found = fetched(issuer, Clock()), []

    async def find():
        found.append(await keys.find("RS256", "a"))

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(find)
    assert None not in found
    assert (len(found), len(issuer.fetched)) == (20, 1)


async def test_however_many_name_an_unknown_key_the_issuer_is_left_in_peace():
    clock, issuer = Clock(), Issuer(jwk(rsa_key(), "a"))
    keys = fetched(issuer, clock)
    for number in range(100):
        assert await keys.find("RS256", f"unknown-{number}") is None
    assert len(issuer.fetched) == 1
    clock.now += 10
    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(keys.find, "RS256", f"unknown-{number}")
    assert len(issuer.fetched) == 2


async def test_keys_at_hand_are_used_while_the_issuer_is_away():
    clock, issuer = Clock(), Issuer(jwk(rsa_key(), "a"))
    keys = fetched(issuer, clock)
    assert await keys.find("RS256", "a")
    issuer.fails = True
    clock.now += 3_599
    assert await keys.find("RS256", "a")
    clock.now += 2
    with pytest.raises(KeysUnavailableError):
        await keys.find("RS256", "a")
    issuer.fails = False
    clock.now += 10
    assert await keys.find("RS256", "a")


async def test_without_keys_nobody_is_known_and_nobody_is_refused():
    issuer = Issuer()
    issuer.fails = True
    with pytest.raises(KeysUnavailableError):
        await user_by(signed(rsa_key(), "RS256"), FETCHED, fetch=issuer)


OIDC = JwtConfig(issuer=ISSUER, audience=(AUDIENCE,))


def discovery(**changed):
    async def fetch(url):
        if url == f"{ISSUER}{DISCOVERY}":
            return {"issuer": ISSUER, "jwks_uri": URL, **changed}
        assert url == URL
        return {"keys": [jwk(rsa_key(), "a")]}

    return fetch


async def test_an_issuer_of_openid_connect_tells_its_keys():
    token = signed(rsa_key(), "RS256", headers={"kid": "a"})
    assert (await user_by(token, OIDC, kind="oidc", fetch=discovery())).user_id == "ann"


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": "http://issuer.example/keys"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_a_discovery_document_that_cannot_be_trusted(changed):
    with pytest.raises(KeysUnavailableError):
        await user_by(signed(rsa_key(), "RS256"), OIDC, kind="oidc", fetch=discovery(**changed))


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


def config_problems(kind="jwt", **given):
    with pytest.raises(ServerConfigError) as caught:
        JwtAuthenticator(JwtConfig(**given), kind)
    return "\n".join(caught.value.problems)


def test_settings_that_cannot_be_are_told(tmp_path):
    shared = {"issuer": ISSUER, "audience": (AUDIENCE,)}
    key = tmp_path / "key.pem"
    key.write_bytes(pem(ec_key(curve="384")))
    assert "give one of secret" in config_problems()
    assert "there is secret and jwks_url" in config_problems(secret=SECRET, jwks_url=URL)
    told = config_problems(jwks_url="http://issuer.example/keys")
    assert all(part in told for part in ("must begin with https", "issuer is", "audience is"))
    assert "'HS256' is not one of" in config_problems(
        jwks_url=URL, algorithms=("RS256", "HS256"), **shared
    )
    assert "'RS256' is not one of" in config_problems(secret=SECRET, algorithms=("RS256",))
    assert "'none' is not one of" in config_problems(secret=SECRET, algorithms=("none",))
    assert "has 5 bytes; HS256 needs 32" in config_problems(secret="short")
    assert "HS512 needs 64" in config_problems(secret="a" * 63, algorithms=("HS256", "HS512"))
    assert "others have too" in config_problems(secret=pem(rsa_key()).decode())
    assert "not for RS256, ES256" in config_problems(public_key_file=str(key), **shared)
    assert "No such file" in config_problems(secret_file=str(tmp_path / "none"))
    key.write_text("x")
    assert "holds no public key" in config_problems(public_key_file=str(key), **shared)
    assert "secret is for 'jwt'" in config_problems("oidc", secret=SECRET, **shared)
    assert "issuer is missing" in config_problems("oidc", audience=(AUDIENCE,))
    assert "leeway_seconds is 700" in config_problems(secret=SECRET, leeway_seconds=700)
    assert "keys_stale_seconds is less" in config_problems(secret=SECRET, keys_stale_seconds=1)


def test_a_secret_is_never_told(tmp_path):
    assert SECRET not in repr(AuthConfig(jwt=RULES))
    assert "FILTERED" in repr(RULES)
    file = tmp_path / "server.yaml"
    file.write_text("auth: {jwt: {secret: [hush], leeway_seconds: soon, keys: x}}\n")
    with pytest.raises(ServerConfigError) as caught:
        load_settings(file, environ={"TASKER_SERVER_AUTH_JWT_KEYS_SECONDS": "long"})
    told = "\n".join(caught.value.problems)
    assert "hush" not in told
    for part in ("auth.jwt.secret", "auth.jwt.leeway_seconds", "auth.jwt.keys: there is no such"):
        assert part in told
    assert "TASKER_SERVER_AUTH_JWT_KEYS_SECONDS" in told


def test_settings_of_the_environment_reach_the_tokens():
    environ = {
        "TASKER_SERVER_AUTH_AUTHENTICATOR": "jwt",
        "TASKER_SERVER_AUTH_JWT_SECRET": SECRET,
        "TASKER_SERVER_AUTH_JWT_AUDIENCE": "a, b",
    }
    found = load_settings(environ=environ).auth
    assert found.jwt == JwtConfig(secret=SECRET, audience=("a", "b"))


def test_a_secret_of_a_file_needs_no_last_line_break(tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    authenticator = JwtAuthenticator(JwtConfig(secret_file=str(file)))
    user = anyio.run(authenticator.authenticate, bearing(signed(aud=None)))
    assert user.user_id == "ann"


@contextmanager
def answering(status, body, **headers):
    """A server that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/keys"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (302, b"{}", {"Location": "http://127.0.0.1:1/"}),
        (404, b"{}", {}),
        (200, b"<html>", {}),
        (200, b"[" * 100_000, {}),
        (200, b'"' + b"a" * 1_100_000 + b'"', {}),
    ],
)
def test_what_an_issuer_may_not_answer(status, body, headers):
    with answering(status, body, **headers) as url, pytest.raises(ValueError, match="keys"):
        anyio.run(fetch_json, url)


def test_a_document_is_fetched():
    with answering(200, b'{"keys": []}') as url:
        assert anyio.run(fetch_json, url) == {"keys": []}


def test_two_tokens_of_one_payload_are_two_users():
    # What was found for one token is not kept for the next.
    authenticator = JwtAuthenticator(RULES)

    async def both():
        names = ("ann", "bob") * 10
        found = [await authenticator.authenticate(bearing(signed(sub=name))) for name in names]
        assert [each.user_id for each in found] == list(names)

    anyio.run(both)
    assert claims()["sub"] == "ann"
