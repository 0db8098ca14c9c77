"""Mailboxes: bounded, in order, counted, and answering when they close."""

import anyio
import pytest

from tasker.actors.errors import ActorStoppedError, MailboxFullError
from tasker.actors.mailbox import Mailbox
from tests.actors.world import settle


async def test_messages_come_out_in_order():
    box: Mailbox[int] = Mailbox("box", 10)
    for n in range(5):
        await box.put(n)
    assert await box.get() == 0
    assert await box.get_batch(3) == [1, 2, 3]
    assert box.get_nowait() == 4
    with pytest.raises(anyio.WouldBlock):
        box.get_nowait()


async def test_a_full_mailbox_refuses_or_makes_wait():
    box: Mailbox[int] = Mailbox("box", 2)
    box.put_nowait(0)
    box.put_nowait(1)
    with pytest.raises(MailboxFullError, match=r"box is full \(2 messages\)"):
        box.put_nowait(2)
    done: list[int] = []

    async def put(n: int) -> None:
        await box.put(n)
        done.append(n)

    async with anyio.create_task_group() as group:
        group.start_soon(put, 2)
        await settle()
        group.start_soon(put, 3)
        await settle()
        assert done == []
        assert box.get_nowait() == 0
        await settle()
        assert done == [2]
        # A newcomer does not overtake the one that waits.
        with pytest.raises(MailboxFullError):
            box.put_nowait(9)
        assert await box.get_batch(9) == [1, 2, 3]


async def test_statistics():
    box: Mailbox[int] = Mailbox("box", 2)
    await box.put(0)
    await box.put(1)
    box.get_nowait()
    statistics = box.statistics()
    assert (statistics.depth, statistics.capacity, statistics.received) == (1, 2, 2)


async def test_a_batch_without_waiting_may_be_empty():
    box: Mailbox[int] = Mailbox("box", 9)
    assert box.get_batch_nowait(5) == []
    for n in range(3):
        box.put_nowait(n)
    assert box.get_batch_nowait(2) == [0, 1]


async def test_closing_returns_what_is_left_and_refuses_the_rest():
    box: Mailbox[int] = Mailbox("box", 1)
    box.put_nowait(0)
    refused: list[str] = []

    async def put() -> None:
        try:
            await box.put(1)
        except ActorStoppedError as error:
            refused.append(error.actor)

    async with anyio.create_task_group() as group:
        group.start_soon(put)
        await settle()
        left = box.close()
        await settle()
    # The one that waited for room is either among what is left, or was told.
    assert left + [1] * len(refused) == [0, 1]
    with pytest.raises(ActorStoppedError, match="box"):
        box.put_nowait(2)
    with pytest.raises(ActorStoppedError, match="box"):
        await box.put(2)
    assert box.close() == []


async def test_one_that_is_cancelled_while_it_waits_for_room_has_put_nothing():
    box: Mailbox[int] = Mailbox("box", 1)
    box.put_nowait(0)
    with anyio.move_on_after(0):
        await box.put(1)
    assert box.get_batch_nowait(9) == [0]
    assert box.statistics().received == 1


async def test_a_sender_that_waited_for_room_wakes_the_reader_that_has_gone_to_wait():
    mailbox: Mailbox[str] = Mailbox("actor", 1)
    mailbox.put_nowait("first")
    taken: list[str] = []

    async def read() -> None:
        while len(taken) < 2:
            taken.extend(await mailbox.get_batch(10))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            # It finds the mailbox full, and the reader empties it before it has entered.
            group.start_soon(mailbox.put, "second")
            group.start_soon(read)
    assert taken == ["first", "second"]
