"""Settings of signed tokens: what cannot be, and what is never told."""

import anyio
import pytest

from tasker.server import AuthConfig, ServerConfigError
from tasker.server.access.jwt import JwtAuthenticator
from tasker.server.access.jwt_config import JwtConfig
from tasker.server.settings import load_settings
from tests.server.bearing import RULES, URL, bearing
from tests.server.signing import AUDIENCE, ISSUER, SECRET, ec_key, pem, rsa_key, signed


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
