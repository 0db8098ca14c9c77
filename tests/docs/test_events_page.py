"""The tables of the events' page are those of the code."""

from tasker.events import catalog
from tasker.events.former import FORMER
from tasker.events.known import CATEGORIES
from tasker.events.mailbox import WHEN_FULL
from tasker.events.subscribers import CAPACITY
from tests.docs.pages import ROOT, table_under

PAGE = ROOT / "docs" / "events.md"


def test_the_catalog():
    told = {name: info.description for name, info in catalog().items()}
    expected = [[name, " ".join(text.split()).replace("`", "")] for name, text in told.items()]
    assert [row[:2] for row in table_under(PAGE, "event")] == expected
    headings = [line[4:] for line in PAGE.read_text().splitlines() if line.startswith("### ")]
    assert headings == [each.capitalize() for each in CATEGORIES if each != "custom"]


def test_former_names():
    expected = [
        [name, now or "nothing", why.replace("`", "")]
        for name, (now, why) in FORMER.items()
        if now != name
    ]
    assert [row[:3] for row in table_under(PAGE, "former name")] == expected


def test_what_becomes_of_events_without_room():
    rows = [row[0] for row in table_under(PAGE, "when_full")]
    assert sorted(rows) == sorted(WHEN_FULL)
    assert f"is {CAPACITY:,} for a subscriber" in PAGE.read_text()
