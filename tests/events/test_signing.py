"""Signatures of webhooks, as the specification and other implementations have them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasker.errors import WebhookError
from tasker.events import new_secret, verify_webhook
from tasker.events.signing import key_of, sign_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
# The published test vector of the Standard Webhooks libraries.
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(*secrets):
    return sign_headers([key_of(each) for each in secrets], id=ID, timestamp=AT, body=BODY)


def test_it_signs_as_others_do():
    assert headers(SECRET) == {
        "webhook-id": ID,
        "webhook-timestamp": str(AT),
        "webhook-signature": SIGNATURE,
    }


def test_what_is_signed_is_accepted_whatever_the_case_of_headers():
    shouted = {name.upper(): value for name, value in headers(SECRET).items()}
    assert verify_webhook(BODY, shouted, SECRET, now=AT + 299) == ID


def test_either_secret_will_do_while_it_is_changed():
    old, new = new_secret(), new_secret()
    both = headers(new, old)
    assert verify_webhook(BODY, both, old, now=AT) == ID
    assert verify_webhook(BODY, both, new, now=AT) == ID
    assert verify_webhook(BODY, headers(old), new, old, now=AT) == ID


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"webhook-id": "msg_other"}, "not signed with any"),
        ({"webhook-timestamp": str(AT + 1)}, "not signed with any"),
        ({"webhook-signature": "v1,AAAA v2,xyz"}, "not signed with any"),
        ({"webhook-signature": "v1,é"}, "not signed with any"),
        ({"webhook-signature": SIGNATURE.replace("v1", "v1a")}, "not signed with any"),
        ({"webhook-signature": ""}, "no header webhook-signature"),
        ({"webhook-timestamp": "soon"}, "no number"),
        ({"webhook-timestamp": "²"}, "no number"),
    ],
)
def test_what_is_changed_is_refused(change, says):
    with pytest.raises(WebhookError, match=says):
        verify_webhook(BODY, {**headers(SECRET), **change}, SECRET, now=AT)


def test_another_body_or_another_secret_is_refused():
    with pytest.raises(WebhookError, match="not signed"):
        verify_webhook(BODY + b" ", headers(SECRET), SECRET, now=AT)
    with pytest.raises(WebhookError, match="not signed"):
        verify_webhook(BODY, headers(SECRET), new_secret(), now=AT)


@pytest.mark.parametrize(("now", "says"), [(AT + 301, "301 seconds ago"), (AT - 301, "from now")])
def test_what_is_old_or_comes_from_the_future_is_refused(now, says):
    with pytest.raises(WebhookError, match=says):
        verify_webhook(BODY, headers(SECRET), SECRET, now=now)


@pytest.mark.parametrize(
    "secret", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_!!!!", "whsec_" * 40]
)
def test_what_is_no_secret_is_refused_without_telling_it(secret):
    with pytest.raises(ValueError, match="secret") as caught:
        verify_webhook(BODY, headers(SECRET), secret, now=AT)
    assert not secret or secret not in str(caught.value)


def test_without_a_secret_nothing_is_accepted():
    with pytest.raises(ValueError, match="give the secret"):
        verify_webhook(BODY, headers(SECRET), now=AT)


@given(st.binary(max_size=200), st.binary(min_size=24, max_size=64))
def test_whatever_is_signed_is_accepted(body, key):
    secret = f"whsec_{base64.b64encode(key).decode()}"
    signed = sign_headers([key], id="msg_1", timestamp=AT, body=body)
    assert verify_webhook(body, signed, secret, now=AT) == "msg_1"
