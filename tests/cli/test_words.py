"""The small parts: lengths of time, fitting a screen, control characters."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from tasker.cli.inputs import InstantType, is_file, split_name
from tasker.cli.printing import brief, clean, seconds
from tasker.cli.progress import fitting
from tasker.cli.steps import Row
from tasker.stores.records import StepState


def row(name: str, look: str) -> Row:
    return Row(
        level=1, name=name, look=look, attempts="", time="", note="", state=StepState.PENDING
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0404, "40ms"),
        (3.21, "3.2s"),
        (65, "1m05s"),
        (7_380, "2h03m"),
        (200_000, "2d07h"),
    ],
)
def test_seconds(value, text):
    assert seconds(value) == text


def test_control_characters_are_spelled_out():
    assert clean("a\x1b[31mb\rc\nd") == "a\\x1b[31mb\\rc\\nd"
    assert clean("line\nline", keep="\n") == "line\nline"
    assert clean("größe ✔") == "größe ✔"


def test_brief_is_cut_with_a_sign():
    assert brief({"a": 1}, 20) == '{"a":1}'
    assert brief("x" * 50, 10) == '"xxxxxxxx…'


def test_what_matters_is_shown_where_not_all_fits():
    steps = [row(f"done{i}", "complete") for i in range(5)]
    steps += [row("now", "in_progress"), row("bad", "error")]
    steps += [row(f"next{i}", "pending") for i in range(5)]
    shown, hidden = fitting(steps, 4)
    assert [each.name for each in shown] == ["now", "bad", "next0", "next1"]
    assert hidden == "5 complete, 3 pending"
    assert fitting(steps, 12) == (steps, "")


def test_the_latest_of_what_is_done_stays():
    steps = [row(f"done{i}", "complete") for i in range(9)]
    assert [each.name for each in fitting(steps, 3)[0]] == ["done6", "done7", "done8"]


def test_names():
    assert split_name("checkout") == (None, "checkout", None)
    assert split_name("shop.eu.checkout@1.2.0") == ("shop.eu", "checkout", "1.2.0")
    with pytest.raises(click.UsageError):
        split_name("shop.")
    assert is_file("a.yml")
    assert is_file("flows/checkout")
    assert not is_file("shop.checkout")


def test_instants():
    convert = InstantType().convert
    ago = datetime.now(UTC) - convert("2h", None, None)
    assert abs(ago - timedelta(hours=2)) < timedelta(seconds=5)
    assert convert("2026-03-01T12:00:00Z", None, None) == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert convert("2026-03-01", None, None).tzinfo is not None
    with pytest.raises(click.BadParameter):
        convert("soon", None, None)
