"""Diagrams: what they show, and that nothing in a name becomes markup."""

import itertools
import re
from xml.etree import ElementTree

import msgspec
import pytest
from msgspec.structs import replace

from tasker.analysis.diagrams import (
    as_dot,
    as_html,
    as_mermaid,
    diagram_of_definition,
    diagram_of_task,
    graph_svg,
    timeline_svg,
)
from tasker.analysis.diagrams.graph_svg import can_draw
from tasker.analysis.diagrams.layout import lay_out
from tasker.analysis.diagrams.palette import DARK, LIGHT, SIGNS, style_sheet
from tasker.analysis.diagrams.text import duration
from tasker.analysis.diagrams.timeline_svg import ticks
from tasker.analysis.timeline import timeline_of
from tasker.definitions.definition import Definition, StepDefinition
from tests.analysis.pictures import FOLDER, pictures
from tests.analysis.shop import Shop, order

EVIL = '<script>alert("1")</script>&\'`#quot;\\N]]>--{}\x1b[2J\x00\ud800'
SVG = "{http://www.w3.org/2000/svg}"


def definition(graph, name="job"):
    return Definition(
        name=name,
        steps=tuple(
            StepDefinition(name=step, handler="jobs:run", depends_on=tuple(needed))
            for step, needed in graph.items()
        ),
    )


@pytest.fixture
async def ran():
    """A task that ran, drawn: its diagram and its timeline."""
    shop = order()
    async with shop.open() as engine:
        view = await engine.run(shop.request())
        history = await engine.history(view.task_id)
    return diagram_of_task(view, history, now=shop.now), timeline_of(view, history, shop.now)


@pytest.fixture
async def evil():
    """A task whose names and errors try everything; a definition's check would refuse them."""
    shop = Shop()
    shop.step("first", permanent=EVIL.replace("\ud800", ""))
    shop.step("after", "first")
    async with shop.open() as engine:
        view = await engine.run(shop.request())
        history = await engine.history(view.task_id)
    diagram = diagram_of_task(view, history, now=shop.now)
    timeline = timeline_of(view, history, shop.now)
    return renamed(diagram, "first", EVIL), renamed(timeline, "first", EVIL)


def renamed(value, old, new):
    """The same data with another text wherever that one stands."""
    if isinstance(value, msgspec.Struct):
        fields = value.__struct_fields__
        return replace(value, **{name: renamed(getattr(value, name), old, new) for name in fields})
    if isinstance(value, tuple):
        return tuple(renamed(each, old, new) for each in value)
    return new if value == old else value


def parsed(picture):
    """The picture as XML; an entity or a byte that XML has not would raise."""
    return ElementTree.fromstring(picture)


def texts(picture):
    return ["".join(each.itertext()) for each in parsed(picture).iter(f"{SVG}text")]


# What is drawn


def test_a_definition():
    diagram = diagram_of_definition(definition({"a": (), "b": ("a",), "c": ("a",), "d": ("b",)}))
    assert diagram.critical_path == ("a", "b", "d")
    assert diagram.levels == (("a",), ("b", "c"), ("d",))
    plain = msgspec.to_builtins(diagram)
    assert plain["edges"][0] == {"from": "a", "to": "b", "critical": True}
    assert [step["critical"] for step in plain["steps"]] == [True, True, False, True]
    assert {step["state"] for step in plain["steps"]} == {None}


async def test_a_task_marks_what_decided_its_time(ran):
    diagram, _ = ran
    assert diagram.critical_path == ("orders", "join", "report")
    join = diagram.steps[2]
    assert (join.state, join.attempts, join.seconds) == ("complete", 2, 11.0)


async def test_the_timeline_has_a_bar_for_each_span(ran):
    diagram, timeline = ran
    picture = timeline_svg(diagram, timeline)
    bars = [
        each
        for each in parsed(picture).iter(f"{SVG}rect")
        if "bar" in each.get("class", "") and len(each)
    ]
    assert len(bars) == len(timeline.spans)
    told = [bar[0].text for bar in bars]
    assert "join: attempt 1 ran, 4s, error: RetryableError: busy" in told
    assert "join: backoff after attempt 1, 3s" in told
    backoff = bars[told.index("join: backoff after attempt 1, 3s")]
    before = bars[told.index("join: attempt 1 ran, 4s, error: RetryableError: busy")]
    ends = float(before.get("x", 0)) + float(before.get("width", 0))
    assert ends == pytest.approx(float(backoff.get("x", 0)), abs=0.02)
    assert float(backoff.get("width", 0)) / float(before.get("width", 1)) == pytest.approx(
        3 / 4, abs=0.001
    )


async def test_rows_stand_in_the_order_of_their_beginning(ran):
    names = parsed(timeline_svg(*ran)).iterfind(f".//{SVG}text/{SVG}title")
    assert [each.text for each in names] == [
        f"{step}: complete" for step in ("users", "orders", "audit", "join", "report")
    ]


async def test_no_state_is_told_by_colour_alone(ran):
    diagram, timeline = ran
    assert any("✔ complete" in text for text in texts(graph_svg(diagram)))
    assert set(SIGNS) == set(LIGHT.states) == set(DARK.states)
    assert len(set(SIGNS.values())) == len(SIGNS)
    description = parsed(timeline_svg(diagram, timeline)).findtext(f"{SVG}desc")
    assert description is not None
    assert "join: complete, ran 8s, 2 attempts, on the critical path" in description


def test_mermaid():
    assert as_mermaid(diagram_of_definition(definition({"a": (), "b": ("a",), "c": ("a",)}))) == (
        '---\ntitle: "default.job@0.1.0"\n---\nflowchart TD\n'
        '    s0["a"]\n    s1["b"]\n    s2["c"]\n'
        "    s0 ==> s1\n    s0 --> s2\n"
        "    classDef critical stroke:#bf3989,stroke-width:3px\n"
        "    class s0,s1 critical"
    )


def test_dot():
    drawn = as_dot(diagram_of_definition(definition({"a": (), "b": ("a",), "c": ("a",)})))
    assert '  "a" -> "b" [color="#bf3989", penwidth=2.5];\n  "a" -> "c";\n}' in drawn


# What names cannot do


async def test_no_name_or_error_becomes_markup(evil):
    for picture in (graph_svg(evil[0]), timeline_svg(*evil)):
        assert not list(parsed(picture).iter(f"{SVG}script"))
        assert "<script" not in picture
        assert "\x1b" not in picture
        assert "\x00" not in picture
        assert "\ud800" not in picture
    page = as_html(*evil)
    assert "<script" not in page
    assert "alert(&quot;1&quot;)" in page
    page.encode()


async def test_nothing_is_loaded_from_elsewhere(evil):
    page = as_html(*evil)
    assert "default-src 'none'" in page
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}
    for word in ("<link", "<img", "<iframe", "<object", "@import", "url(", "href", "src="):
        assert word not in page, word
    assert not re.search(r"<[^>]*\son\w+=", page)


async def test_mermaid_takes_no_name_for_its_own(evil):
    drawn = as_mermaid(evil[0])
    [line] = [each for each in drawn.splitlines() if each.startswith("    s0[")]
    label = line.removeprefix('    s0["').partition('<br/>error"]')[0]
    # Entities and plain characters: nothing that Mermaid or HTML reads as more than text.
    assert not re.search(r"[<>\"'`&\\\x00-\x1f]|#(?!\d+;)", label)
    assert "#60;script#62;" in label


def test_mermaid_titles_are_one_line_of_yaml():
    drawn = as_mermaid(diagram_of_definition(definition({}, name='a"\n---\nb: c')))
    assert drawn.splitlines()[1] == r'title: "default.a\"\\n---\\nb: c@0.1.0"'


async def test_dot_takes_no_name_for_its_own(evil):
    drawn = as_dot(evil[0])
    strings = re.compile(r'"(?:[^"\\]|\\.)*"')
    outside = strings.sub("", drawn)
    assert "script" not in outside
    assert not set(outside) & set("<>&'`#\"\\") - {">"}  # the arrows
    assert '"<script>alert(\\"1\\")</script>' in drawn
    assert "\\x1b" in drawn


# How it can be read


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """WCAG 2.1, 1.4.3."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(theme):
    assert contrast(theme.text, theme.background) >= 7
    assert contrast(theme.muted, theme.background) >= 4.5
    assert contrast(theme.critical, theme.background) >= 3
    for state, colours in theme.states.items():
        assert contrast(theme.text, colours.fill) >= 4.5, state
        assert contrast(colours.stroke, theme.background) >= 3, state
        # The sign inside a bar.
        assert contrast(theme.background, colours.stroke) >= 4.5, state


def test_dark_screens_have_colours_of_their_own():
    light, _, dark = style_sheet().partition("@media (prefers-color-scheme:dark)")
    assert LIGHT.background in light
    assert DARK.background in dark
    assert DARK.background not in light
    assert "var(" not in light + dark


def test_steps_do_not_lie_on_each_other():
    graph = {f"s{i}": [f"s{j}" for j in range(i) if i % (j + 2) == 0] for i in range(40)}
    diagram = diagram_of_definition(definition(graph))
    layout = lay_out(diagram, box=(100.0, 40.0), gap=(50.0, 10.0))
    for (x, y), (other_x, other_y) in itertools.combinations(layout.centres.values(), 2):
        assert abs(x - other_x) >= 100 or abs(y - other_y) >= 40
    for x, y in layout.centres.values():
        assert 50 <= x <= layout.width - 50
        assert 20 <= y <= layout.height - 20
    points = [point for route in layout.routes for point in route.points]
    assert all(0 <= x <= layout.width and 0 <= y <= layout.height for x, y in points)


def test_a_graph_too_great_to_be_seen_is_refused():
    chain = {f"s{i}": [f"s{i - 1}", "s0"][: min(i, 2)] for i in range(200)}
    great = diagram_of_definition(definition(chain))
    assert not can_draw(great)
    with pytest.raises(ValueError, match="200 steps with 397 edges are too many for a picture"):
        graph_svg(great)
    assert "too many steps" in as_html(great)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (3.21, "3.2s"), (4, "4s"), (65, "1m 05s"), (600, "10m"),
     (7_380, "2h 03m"), (200_000, "2d 7h")],
)  # fmt: skip
def test_lengths_of_time(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize("total", [0.0, 1e-6, 0.004, 0.9, 1.0, 7.0, 33.5, 90.0, 4e3, 1e5, 3e7])
def test_ticks_are_few_and_even(total):
    found = ticks(total)
    assert 1 <= len(found) <= 10
    assert found[0] == 0
    assert found[-1] <= total * 1.001
    steps = [b - a for a, b in itertools.pairwise(found)]
    assert steps == pytest.approx([steps[0]] * len(steps)) if steps else total == 0


async def test_the_pictures_of_the_documentation_are_what_is_drawn():
    drawn = await pictures()
    assert {path.name for path in FOLDER.glob("*.svg")} == set(drawn)
    for name, picture in drawn.items():
        kept = (FOLDER / name).read_text(encoding="utf-8")
        assert kept == f"{picture}\n", "draw them anew: python -m tests.analysis.pictures"
