"""The one filter: what it hides in text and data, and that it fails closed."""

import base64
import gc
import json
import string
import time
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasker.stores.records import ErrorRecord
from tasker.telemetry import Masker, MaskingRules
from tasker.telemetry.masking import (
    DEEPEST,
    FILTER_MASK,
    FILTER_PARAMETERS,
    LONGEST_TEXT,
    MOST_PARTS,
)

M = FILTER_MASK
MASKER = Masker()
SECRET = "s3cr3t-Value"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"password={SECRET} user=ann", f"password={M} user=ann"),
        (f"passwd:\t{SECRET}\nnext", f"passwd:\t{M}\nnext"),
        (f"secret => {SECRET}", f"secret => {M}"),
        (f"Pwd={SECRET};Server=db", f"Pwd={M};Server=db"),
        (f"email=ann@example.com,{SECRET},name=b", f"email={M},name=b"),
        (f"Key (email)=({SECRET}) already exists", f"Key (email)={M} already exists"),
        (f"X-Api-Key: {SECRET}", f"X-Api-Key: {M}"),
        (f"apiKey={SECRET}", f"apiKey={M}"),
        (f"Authorization: Custom {SECRET}, x\nHost: a", f"Authorization: {M}\nHost: a"),
        (f"Cookie: a={SECRET}; b=2", f"Cookie: {M}"),
        (f'Authorization: Digest u="a", response="{SECRET}"', f"Authorization: {M}"),
        (f"sent Bearer {SECRET} to it", f"sent Bearer {M} to it"),
        ("sent Basic dXNlcjpwYXNz to it", f"sent Basic {M} to it"),
        ("it is eyJhbGciOi.eyJzdWIiOiI.c2ln", f"it is {M}"),
        (f"postgresql://ann:{SECRET}@db/x", f"postgresql://{M}@db/x"),
        (f"https://{SECRET}@host/x", f"https://{M}@host/x"),
        (f"GET https://h/x?token={SECRET}&y=2", f"GET https://h/x?token={M}&y=2"),
        (f'{{"password": "a\\"{SECRET}", "a": 1}}', f'{{"password": "{M}", "a": 1}}'),
        ('{"otp": 123456, "x": [1]}', f'{{"otp": "{M}", "x": [1]}}'),
        (f'{{"token": {{"a": "]{SECRET}"}}, "x": 1}}', f'{{"token": "{M}", "x": 1}}'),
        (f"{{'passwords': ['a', '{SECRET}'], 'x': 1}}", f"{{'passwords': '{M}', 'x': 1}}"),
        (f"b'password': b'{SECRET}'", f"b'password': b'{M}'"),
        (f"[('Authorization', 'x {SECRET}')]", f"[('Authorization', '{M}')]"),
        (f"<s:Password type='t'>{SECRET}</s:Password>", f"<s:Password type='t'>{M}</s:Password>"),
        (f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----!", f"{M}!"),
        (f"-----BEGIN PRIVATE KEY-----\n{SECRET}", M),
        # What is not closed is hidden to its end.
        (f"password='{SECRET} and more", f"password='{M}"),
        (f"token: [{SECRET}, and more", f"token: {M}"),
    ],
)
def test_what_is_hidden_in_text(text, hidden):
    assert MASKER.text(text) == hidden
    assert MASKER.text(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "TokenError: the token expired",
        "InvalidTokenException: no",
        "Basic authentication required",
        "the password was wrong",
        "ConnectionError: https://pay.example.com:8443/v1/charges is away",
        'File "/app/token.py", line 31, in get_token',
        "token: null",
        "password:",
        "order 7: 3 items, total=12.50",
    ],
)
def test_what_is_left_in_text(text):
    assert MASKER.text(text) == text


def test_json_in_json_is_found_and_stays_json():
    inner = json.dumps({"password": f'a"{SECRET}', "b": 1})
    for _ in range(3):
        inner = json.dumps({"body": inner})
        hidden = MASKER.text(inner)
        assert SECRET not in hidden
        json.loads(hidden)


def test_data_is_hidden_by_key_at_any_depth():
    data = {
        "user": {"Password": SECRET, "name": "ann", "tokens": [SECRET], "token": None},
        "headers": [["Authorization", f"x {SECRET}"], ("Accept", "text/plain")],
        "note": f"password={SECRET}",
        "n": (1, 2.5, True),
        b"raw": {SECRET: 1}.keys(),
    }
    assert MASKER.data(data) == {
        "user": {"Password": M, "name": "ann", "tokens": M, "token": None},
        "headers": [["Authorization", M], ["Accept", "text/plain"]],
        "note": f"password={M}",
        "n": [1, 2.5, True],
        "raw": f"dict_keys(['{SECRET}'])",
    }


def test_the_guides_parameters_are_the_default_and_others_can_be_given():
    assert (
        *("passw", "email", "secret", "token", "_key"),
        *("crypt", "salt", "certificate", "otp", "ssn"),
    ) == FILTER_PARAMETERS
    for parameter in FILTER_PARAMETERS:
        key = f"My{parameter.upper()}Field"
        assert MASKER.data({key: SECRET}) == {key: M}
    own = Masker(rules=MaskingRules(filter_parameters=("iban",), filter_mask="<gone>"))
    assert own.data({"Iban": 1, "email": 2, "cookie": 3}) == {
        "Iban": "<gone>",
        "email": 2,
        "cookie": "<gone>",
    }
    assert own.text("iban=1 email=2 Cookie: x") == "iban=<gone> email=2 Cookie: <gone>"


@pytest.mark.parametrize(
    "wrong",
    [
        {"filter_parameters": "password"},
        {"filter_parameters": ("a", "")},
        {"filter_mask": ""},
        {"filter_mask": 'a"b'},
    ],
)
def test_rules_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MaskingRules(**wrong)


class Hostile:
    def __repr__(self):
        raise RuntimeError(SECRET)


def test_it_fails_closed(monkeypatch):
    assert MASKER.data({"a": Hostile()}) == M
    endless: list[object] = []
    endless.append(endless)
    assert SECRET not in repr(MASKER.data([endless, SECRET * 0]))
    monkeypatch.setattr("tasker.telemetry.masked_text._LOOKS", None)
    error = ErrorRecord(
        error_class="E", message=SECRET, context=msgspec.Raw(json.dumps({"a": SECRET}).encode())
    )
    told = MASKER.record(error)
    assert told.message == M
    assert SECRET.encode() not in msgspec.json.encode(told)
    assert MASKER.text(SECRET) == M


def test_depth_and_size_are_bounded():
    deep: object = SECRET
    for _ in range(DEEPEST + 5):
        deep = [deep]
    assert SECRET not in repr(MASKER.data(deep))
    wide = MASKER.data(list(range(MOST_PARTS * 2)))
    assert len(wide) <= MOST_PARTS + 1


@pytest.mark.parametrize(
    "piece",
    ['password="', "token", "://", "[", "token: [", "\\", "a=b@", ",a", "eyJ", "bearer ", "<pwd "],
)
def test_the_time_for_hostile_text_grows_with_its_length(piece):
    def seconds(length):
        text = piece * (length // len(piece))
        took = []
        for _ in range(3):
            begun = time.process_time()
            MASKER.text(text)
            took.append(time.process_time() - begun)
        return min(took)

    # Sixteen times the text takes some sixteen times as long; if it were quadratic, 256.
    assert seconds(LONGEST_TEXT) < 80 * max(seconds(LONGEST_TEXT // 16), 0.0005)


def test_a_secret_that_the_cut_goes_through_is_gone():
    masker = Masker({SECRET})
    for cut in range(1, len(SECRET)):
        text = "x " * (LONGEST_TEXT // 2)
        told = masker.text(text[: LONGEST_TEXT - cut] + SECRET + text)
        assert SECRET[:4] not in told
        assert len(told) <= LONGEST_TEXT + 10


def test_backtraces_are_files_and_lines_and_stay():
    frame = "/app/auth_token.py:31 in get_token"
    error = ErrorRecord(error_class="E", message="m", backtrace=(frame,))
    assert MASKER.record(error).backtrace == (frame,)


# Known secrets.


def test_what_one_masker_wants_hidden_everywhere_all_hide_while_it_lives():
    holder = Masker({"region-1"}, everywhere={"planted-4711"})
    assert Masker().text("<planted-4711> in region-1") == f"<{M}> in region-1"
    assert holder.text("<planted-4711> in region-1") == f"<{M}> in {M}"
    del holder
    gc.collect()
    assert Masker().text("<planted-4711>") == "<planted-4711>"


@pytest.mark.parametrize("ordinary", ["test", "hunter2", "postgres", "development"])
def test_what_is_short_or_a_word_is_hidden_by_its_own_masker_alone(ordinary):
    holder = Masker(everywhere={ordinary})
    told = f"the {ordinary} run of the latest {ordinary}ing"
    assert Masker().text(told) == told
    assert Masker().text(f"password={ordinary}") == f"password={M}"
    assert Masker().text(f"https://ann:{ordinary}@db/x") == f"https://{M}@db/x"
    assert ordinary not in holder.text(told)


@pytest.mark.parametrize("secret", ["hunter22", "correcthorsebattery", "12345678"])
def test_what_is_long_enough_is_hidden_by_all(secret):
    holder = Masker(everywhere={secret})
    assert Masker().text(f"it was {secret}") == f"it was {M}"
    del holder


def test_results_lose_known_secrets_alone():
    raw = msgspec.Raw(json.dumps({"token": "mine", "seen": SECRET}).encode())
    kept = Masker({SECRET}).without_known(raw)
    assert kept is not None
    assert json.loads(bytes(kept)) == {"token": "mine", "seen": M}


# Whatever the text around it.

words = st.text(string.ascii_letters + string.digits + " .:=/{}[]'\"&?\\\n-_<>,;@", max_size=40)
secrets = st.text(string.ascii_letters + string.digits + "+/$! äß\"'\\", min_size=4, max_size=20)


@given(words, secrets, words)
def test_a_known_secret_is_found_in_each_form(before, secret, after):
    masker = Masker({secret})
    forms = (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode())
    for form in (*forms, json.dumps(secret)[1:-1], repr(secret)[1:-1]):
        told = masker.known(f"{before}{form}{after}")
        assert form not in told.replace(M, "\0")


@given(words, st.sampled_from(FILTER_PARAMETERS), words)
def test_what_is_hidden_once_is_hidden_for_good(before, parameter, after):
    once = MASKER.text(f"{before} {parameter}={SECRET} {after}")
    assert SECRET not in once
    assert SECRET not in MASKER.text(once)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@given(json_values, st.sampled_from(FILTER_PARAMETERS))
def test_a_secret_under_a_sensitive_key_is_in_no_part(around, parameter):
    data = {"a": [around, {f"x{parameter}": {"deep": [SECRET]}}]}
    assert SECRET not in repr(MASKER.data(data))
    # As text too, however it is written down.
    for text in (json.dumps(data["a"][1]), repr(data["a"][1])):
        assert SECRET not in MASKER.text(text)


@given(json_values)
def test_a_line_of_json_stays_json(value):
    json.loads(MASKER.text(json.dumps({"event": value, "password": value})))


@given(st.text(max_size=200))
def test_any_text_comes_back_as_text(text):
    assert isinstance(MASKER.text(text), str)
