"""The server's settings: which wins, and everything that is wrong at once."""

import pytest

from tasker.server import AuthConfig, ServeConfig, ServerConfigError
from tasker.server.addresses import is_loopback
from tasker.server.settings import load_settings


def problems(path=None, environ=None, **given):
    with pytest.raises(ServerConfigError) as caught:
        load_settings(path, environ=environ or {}, given=given)
    return caught.value.problems


def test_without_anything_the_defaults_hold():
    assert load_settings(environ={}) == ServeConfig()


def test_by_hand_before_the_environment_before_the_file(tmp_path):
    file = tmp_path / "server.yaml"
    file.write_text("port: 1\nhost: localhost\nprefix: /file\nauth: {open: ['tasker.task:show']}\n")
    environ = {
        "TASKER_SERVER_PORT": "2",
        "TASKER_SERVER_PREFIX": "/environment",
        "TASKER_SERVER_DEFINITIONS": "a.yaml, b.yaml",
        "TASKER_SERVER_ALLOW_UNAUTHENTICATED": "true",
        "TASKER_SERVER_AUTH_ANONYMOUS_ROLES": "viewer",
        "TASKER_STORE": "sqlite:///elsewhere.db",
        "TASKER_LOG_LEVEL": "debug",
    }
    found = load_settings(file, environ=environ, given={"port": 3, "host": None})
    assert found == ServeConfig(
        host="localhost",
        port=3,
        prefix="/environment",
        store="sqlite:///elsewhere.db",
        definitions=("a.yaml", "b.yaml"),
        allow_unauthenticated=True,
        auth=AuthConfig(open=("tasker.task:show",), anonymous_roles=("viewer",)),
    )


def test_all_that_is_wrong_is_told_with_where_it_stands(tmp_path):
    file = tmp_path / "server.yaml"
    file.write_text("port: high\nprot: 1\nauth: {role: x}\nstream_buffer: 0\nprefix: a\n")
    environ = {"TASKER_SERVER_DRAIN_SECONDS": "long", "TASKER_SERVER_AUTH": "none"}
    found = problems(file, environ, concurrency=0, host="0.0.0.0")
    assert [
        part in "\n".join(found)
        for part in (
            f"{file}: port: Expected `int`",
            f"{file}: prot: there is no such setting; there are allow_unauthenticated",
            f"{file}: auth.role: there is no such setting; there are anonymous_roles",
            "TASKER_SERVER_DRAIN_SECONDS: Expected `float`",
            "TASKER_SERVER_AUTH: there is no such setting",
            "stream_buffer is 0; it must be greater than 0",
            "prefix is 'a'",
            "concurrency is 0",
            "host is 0.0.0.0, which others can reach",
        )
    ] == [True] * 9
    assert len(found) == 9


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "\x00"])
def test_a_file_that_holds_no_settings(tmp_path, text):
    file = tmp_path / "server.yaml"
    file.write_text(text)
    assert str(file) in problems(file)[0]


def test_who_can_reach_an_address():
    assert [is_loopback(host) for host in ("localhost", "127.0.0.2", "::1", "[::1]")] == [True] * 4
    others = ("0.0.0.0", "::", "10.0.0.1", "shop.example", "", "localhost.evil.example")
    assert [is_loopback(host) for host in others] == [False] * len(others)


def test_an_exposed_server_needs_authentication_or_a_word():
    exposed = {"host": "::"}
    assert len(problems(**exposed)) == 1
    meant = load_settings(environ={}, given={**exposed, "allow_unauthenticated": True})
    assert meant.host == "::"
    tokens = {"TASKER_SERVER_AUTH_AUTHENTICATOR": "tokens"}
    assert load_settings(environ=tokens, given=exposed).hosts == ()


def test_hosts_are_those_of_loopback_unless_told():
    assert ServeConfig().hosts == ("localhost", "127.0.0.1", "::1", "127.0.0.1")
    assert ServeConfig(allowed_hosts=("shop.example",)).hosts == ("shop.example",)
    assert ServeConfig(host="0.0.0.0", allow_unauthenticated=True).hosts == ()
