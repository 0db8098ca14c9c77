"""Narrow terminals: ids stay whole or usable, and columns go in order of what they tell."""

import pytest

from tests.cli.screen import seen

WIDTHS = [120, 100, 80, 60, 36, 20]


@pytest.fixture
def task_id(tasker):
    context = '{"order": 7, "declined": true}'
    return tasker("run", "checkout.yaml", "-c", context, "--json").json["task_id"]


@pytest.mark.parametrize("width", WIDTHS)
def test_ids_in_a_list_are_usable(tasker, task_id, monkeypatch, width):
    lines = seen(monkeypatch, width, "list")
    assert max(map(len, lines)) <= width
    shown = lines[1].split()[0]
    assert len(shown) in (12, 36)
    assert tasker("show", shown, "--json").json["task_id"] == task_id


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (140, ["id", "task", "state", "created", "took", "prio", "tags"]),
        (80, ["id", "task", "state", "created", "took"]),
        (60, ["id", "task", "state", "created"]),
        (36, ["id", "task"]),
    ],
)
def test_columns_go_in_order(tasker, task_id, monkeypatch, width, columns):
    assert seen(monkeypatch, width, "list")[0].split() == columns


def test_the_state_is_seen_at_any_width(tasker, task_id, monkeypatch):
    assert "✘ error" in seen(monkeypatch, 60, "list")[1]
    assert "✘" in seen(monkeypatch, 36, "list")[1]
    assert "shop.checkout" in seen(monkeypatch, 36, "list")[1]


@pytest.mark.parametrize("width", [100, 60, 40, 36])
def test_show_and_watch_have_the_id_whole(tasker, task_id, monkeypatch, width):
    for command in ("show", "watch"):
        lines = seen(monkeypatch, width, command, task_id)
        assert any(task_id in line for line in lines)
        steps = [line for line in lines if "reserve" in line or "validate" in line]
        assert steps
        assert all(len(line) <= width for line in steps)
        assert any("error" in line for line in lines[:2])


def test_history_fits(tasker, task_id, monkeypatch):
    lines = seen(monkeypatch, 60, "show", task_id, "--history")
    history = lines[lines.index("history") + 1 :]
    assert all(len(line) <= 60 for line in history)
    assert any(line.split()[1:] == ["task", "in", "progress"] for line in history)
