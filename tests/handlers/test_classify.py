"""From exceptions to records, and secrets kept out of them."""

import base64
from typing import Any

import msgspec
import pytest

from tasker.errors import PermanentError, RetryableError
from tasker.handlers.classify import FRAMES, MESSAGE_LIMIT, classify
from tasker.telemetry.masking import FILTER_MASK, Masker
from tasker.telemetry.secrets import secrets_in
from tests.handlers.support import attempt, context_of, error_of, kept_by


def test_a_group_of_one_counts_as_the_one_in_it():
    error = classify(ExceptionGroup("g", [ExceptionGroup("h", [PermanentError("no")])]))
    assert (error.error_class, error.message, error.permanent) == (
        "tasker.errors.PermanentError",
        "no",
        True,
    )


def test_a_group_of_several_is_permanent_when_all_are():
    no, busy, later = PermanentError("no"), RetryableError("a", retry_after=3), ValueError("b")
    mixed = classify(ExceptionGroup("g", [no, busy, later]))
    assert (mixed.permanent, mixed.retry_after) == (False, 3)
    assert mixed.message == "3 errors: PermanentError: no; RetryableError: a; ValueError: b"
    assert classify(ExceptionGroup("g", [no, PermanentError("never")])).permanent


@pytest.mark.parametrize(
    ("given", "recorded"), [(-1, None), ("soon", None), (float("nan"), None), (0, 0), ("3", 3)]
)
def test_a_wait_that_cannot_be_is_ignored(given, recorded):
    assert classify(RetryableError("x", retry_after=given)).retry_after == recorded


def test_texts_are_made_whatever_the_exception_does():
    class Broken(Exception):
        def __str__(self):
            raise ValueError

    noted = ValueError("a")
    noted.add_note("and b")
    assert classify(Broken()).message == "<no text: str() of it raised ValueError>"
    assert classify(ValueError()).message == "ValueError"
    assert classify(noted).message == "a\nand b"
    assert classify(ValueError("a\ud800")).message == "a?"
    assert len(classify(ValueError("x" * 99_999)).message) < MESSAGE_LIMIT + 20


def test_a_context_that_cannot_be_stored_becomes_text():
    facts: dict[Any, Any] = {"ok": 1, "bad": object, 3: {4}}
    error = classify(PermanentError("x", context=facts))
    assert context_of(error) == {"ok": 1, "bad": "<class 'object'>", "3": [4]}


def test_the_backtrace_is_its_last_frames():
    def down(depth):
        if depth == 0:
            raise ValueError
        down(depth - 1)

    with pytest.raises(ValueError, match=r"^$") as caught:
        down(30)
    assert len(classify(caught.value).backtrace) == FRAMES


# Secrets.


def test_secrets_are_what_placeholders_stand_for():
    written = {
        "url": "https://${USER}:${PASS}@api.test/${TENANT}/x",
        "headers": {"X-Sign": "v1 ${KEY}"},
        "list": ["${LIST}", "open"],
        "escaped": "$${NOT}",
    }
    resolved = {
        "url": "https://ann:s3cr:et@api.test/acme/x",
        "headers": {"X-Sign": "v1 k-999"},
        "list": ["listed", "open"],
        "escaped": "${NOT}",
    }
    secrets = secrets_in(written, resolved)
    assert {"ann", "s3cr:et", "acme", "k-999", "listed"} <= secrets
    assert not {"open", "${NOT}", "{NOT}"} & secrets


def test_secrets_are_what_stands_under_telling_keys_and_in_urls():
    config = {
        "headers": {"Authorization": "Bearer tok-en", "Accept": "text/plain"},
        "db": {"password": "pw-1234", "name": "orders"},
        "api_key": "key-1",
        "proxy": "http://me:pa%24s@proxy",
    }
    secrets = secrets_in(config, config)
    assert {"Bearer tok-en", "tok-en", "pw-1234", "key-1", "pa$s", "me:pa$s"} <= secrets
    assert not {"text/plain", "orders"} & secrets


def test_every_form_of_a_secret_is_masked():
    masker = Masker({"pa$s wörd", "pa$s", "on"})
    encoded = base64.b64encode("pa$s wörd".encode()).decode()
    for form in ("pa$s wörd", "pa%24s%20w%C3%B6rd", "pa%24s+w%C3%B6rd", encoded):
        assert masker.text(f"<{form}>") == f"<{FILTER_MASK}>"
    assert masker.data({"on pa$s": ["pa$s wörd", 1]}) == {f"on {FILTER_MASK}": [FILTER_MASK, 1]}


async def test_no_part_of_an_error_holds_a_secret():
    async def work(step):
        step.results = {"sent": step.config["note"]}
        error = PermanentError(f"no {step.config['note']}", context={"s3cret!": ["my s3cret!"]})
        error.add_note("s3cret!")
        raise error

    result = await attempt(work, config={"note": "with ${NOTE}"}, environ={"NOTE": "s3cret!"})
    error = error_of(result)
    assert b"s3cret!" not in msgspec.json.encode(error)
    assert error.message == f"no with {FILTER_MASK}\n{FILTER_MASK}"
    assert kept_by(result) == {"sent": f"with {FILTER_MASK}"}


async def test_a_secret_that_is_cut_is_masked_first():
    async def work(step):
        raise ValueError("x" * (MESSAGE_LIMIT - 3) + step.config["note"])

    error = error_of(await attempt(work, config={"note": "${NOTE}"}, environ={"NOTE": "s3cret!"}))
    assert "s3" not in error.message
