"""What is being delivered of the outbox: lanes in order, a cursor that misses nothing."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tasker.events.window import Parcel, Window

EVENT = (Raw(b"{}"),)


def test_the_cursor_waits_for_the_oldest():
    window = Window(10)
    first, second, third = (
        Parcel(11, "a", EVENT),
        Parcel(14, "b", EVENT),
        Parcel(15, "a", EVENT),
    )
    assert [window.add(each) for each in (first, second, third)] == [True, True, False]
    window.done(second)
    assert (window.cursor, window.read, len(window)) == (10, 15, 2)
    window.done(first)
    assert window.cursor == 14
    assert window.next("a") is third
    window.done(third)
    assert (window.cursor, window.next("a"), len(window)) == (15, None, 0)


def test_what_has_nothing_for_a_subscription_is_done_at_once():
    window = Window(0)
    assert window.add(Parcel(3, "a", ())) is False
    assert window.cursor == 3


@given(st.lists(st.sampled_from("abc"), max_size=20), st.data())
def test_the_cursor_never_passes_what_is_not_done(tasks, data):
    window = Window(0)
    left: dict[int, Parcel] = {}
    for position, task in enumerate(tasks, start=1):
        parcel = Parcel(position, task, EVENT)
        window.add(parcel)
        left[position] = parcel
    while left:
        task = data.draw(st.sampled_from(sorted({each.task_id for each in left.values()})))
        oldest = window.next(task)
        assert oldest is not None
        # The oldest of its task.
        assert oldest.position == min(at for at, each in left.items() if each.task_id == task)
        before = window.cursor
        window.done(oldest)
        del left[oldest.position]
        assert before <= window.cursor < min(left, default=len(tasks) + 1)
    assert window.cursor == len(tasks)
