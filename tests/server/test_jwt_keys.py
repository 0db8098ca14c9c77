"""The keys of an issuer: which are used, how long they are kept, and how they are fetched."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import anyio
import anyio.to_thread
import jwt
import pytest

from tasker.server import AuthenticationError
from tasker.server.access.jwt import JwtAuthenticator
from tasker.server.access.jwt_config import JwtConfig
from tasker.server.access.keys import DISCOVERY, FetchedKeys, fetch_json
from tasker.server.errors import KeysUnavailableError
from tests.server.bearing import FETCHED, URL, Issuer, bearing, refusal, user_by
from tests.server.signing import AUDIENCE, ISSUER, ec_key, forged, jwk, pem, rsa_key, signed


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


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
