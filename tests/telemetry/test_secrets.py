"""Which values of a configuration count as secret."""

import pytest

from tasker.telemetry.secrets import secrets_by_name, secrets_in


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8099", "https://pay.example.com", "HTTPS://[::1]:8443/"]
)
def test_an_address_alone_is_no_secret(address):
    assert secrets_in({"url": "${PAY_URL}"}, {"url": address}) == set()
    assert secrets_in({"url": "${PAY_URL}/v1"}, {"url": f"{address}/v1"}) == set()


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:hunter2@pay.example.com",
        "https://hooks.example.com/T00/secret",
        "https://pay.example.com?key=secret",
        "https://pay.example.com#secret",
        "plain-secret",
    ],
)
def test_an_address_that_carries_more_is_secret(url):
    assert url in secrets_in({"url": "${PAY_URL}"}, {"url": url})


def test_an_address_under_a_telling_key_is_secret():
    assert secrets_in({"token": "${T}"}, {"token": "http://a.test"}) == {"http://a.test"}


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("postgresql://user:hunter22@db/x", {"hunter22", "user:hunter22"}),
        ("postgresql://user:a%2Fb-secret@db/x", {"a%2Fb-secret", "a/b-secret"}),
        ("redis://:hunter22@cache:6379", {"hunter22", ":hunter22"}),
        ("https://0123456789abcdef@sentry.test/7", {"0123456789abcdef"}),
        ("postgresql://postgres@db/x", set()),
        ("https://pay.example.com/a@b", set()),
    ],
)
def test_the_password_of_a_url_is_secret_and_its_user_is_not(url, secrets):
    found = secrets_in({"url": url}, {"url": url})
    assert secrets <= found
    assert found & {"user", "postgres", "a", "b"} == set()
    assert bool(found) == bool(secrets)
    # Nor by the name of a variable that says it is sensitive.
    assert set(secrets_by_name({"url": url}, {"url": url}, lambda name: True)) == found
