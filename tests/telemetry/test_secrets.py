"""Which values of a configuration count as secret."""

import pytest

from tasker.telemetry.secrets import secrets_in


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
