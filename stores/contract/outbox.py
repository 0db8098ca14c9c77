"""Checks of `OutboxStore`."""

from __future__ import annotations

from msgspec import Raw
from msgspec.structs import replace

from tasker.stores.contract import expect
from tasker.stores.contract.records import START, append, creation, node, recorded, task
from tasker.stores.errors import AppendConflictError
from tasker.stores.outbox import DeadLetterRecord, SubscriptionRecord
from tasker.stores.protocols import Store
from tasker.stores.records import Append


def _telling(task_id: str, seq: int, *, at: float = START) -> Append:
    made = creation(task(task_id, at=at)) if seq == 1 else append(task_id, seq, at=at)
    return replace(made, outgoing=Raw(b'[{"event_id":"%s/%d"}]' % (task_id.encode(), seq)))


async def _subscribed(store: Store, name: str, *events: str) -> None:
    await store.put_subscription(
        SubscriptionRecord(name=name, events=events or ("*",), created_at=START)
    )


async def _leased(store: Store, name: str, owner: str = "node-a", *, at: float = START) -> int:
    leased = await store.lease_subscription(name, owner, now=at, until=at + 10)
    if leased is None:
        raise expect.BrokenPromiseError(f"{owner} was refused a lease that is free")
    return leased.epoch


async def _events(store: Store, name: str, after: int = 0) -> list[bytes]:
    found = await store.read_outbox(name, after=after, limit=99)
    return [bytes(each.events) for each in found]


def _dead(event_id: str, name: str = "billing", *, at: float = START) -> DeadLetterRecord:
    return DeadLetterRecord(
        subscription=name,
        event_id=event_id,
        task_id="t1",
        event=Raw(b'{"event_id":"%s"}' % event_id.encode()),
        attempts=3,
        error="refused",
        at=at,
    )


async def check_the_outbox_has_what_appends_tell(store: Store) -> None:
    """What appends tell is read in the order of their commits, and only that."""
    await _subscribed(store, "billing")
    await recorded(store, [_telling("t1", 1), creation(task("t2")), _telling("t1", 2)])
    await recorded(store, [replace(_telling("t2", 2), epoch=1)])
    entries = await store.read_outbox("billing", after=0, limit=99)
    told = [bytes(entry.events) for entry in entries]
    wanted = [b'[{"event_id":"t1/1"}]', b'[{"event_id":"t1/2"}]', b'[{"event_id":"t2/2"}]']
    expect.equal(told, wanted, "the outbox is in the order of the appends")
    positions = [entry.position for entry in entries]
    expect.true(positions == sorted(set(positions)), "positions grow")
    expect.equal([entry.task_id for entry in entries], ["t1", "t1", "t2"], "each names its task")
    first = await store.read_outbox("billing", after=0, limit=1)
    expect.equal(first, entries[:1], "at most limit of them are read")
    rest = await store.read_outbox("billing", after=positions[0], limit=99)
    expect.equal(rest, entries[1:], "reading goes on after a position")


async def check_a_refused_append_tells_nothing(store: Store) -> None:
    """The outbox has nothing of an append that was refused."""
    await _subscribed(store, "billing")
    outcomes = await store.commit([_telling("t1", 1), _telling("t1", 3)])
    expect.refusal(outcomes[1], AppendConflictError, "a gap is refused")
    expect.equal(len(await _events(store, "billing")), 1, "it tells nothing")


async def check_a_subscription_begins_with_what_comes(store: Store) -> None:
    """A new subscription hears what is recorded from then on; an old one keeps its place."""
    await recorded(store, [_telling("t1", 1)])
    await _subscribed(store, "billing", "task.completed")
    epoch = await _leased(store, "billing")
    (standing,) = await store.subscriptions()
    cursor = standing.subscription.cursor
    expect.equal(await _events(store, "billing", cursor), [], "what was before is not for it")
    expect.equal(standing.waiting, 0, "and does not wait for it")
    await recorded(store, [_telling("t1", 2)])
    (entry,) = await store.read_outbox("billing", after=cursor, limit=9)
    await store.advance("billing", epoch, entry.position)
    await _subscribed(store, "billing", "task.*")
    (standing,) = await store.subscriptions()
    expect.equal(standing.subscription.cursor, entry.position, "put again, it keeps its cursor")
    expect.equal(standing.subscription.events, ("task.*",), "and has the new events")
    expect.equal(standing.subscription.epoch, epoch, "and keeps its lease")
    wanted = await store.wanted_events()
    expect.equal(wanted, {"billing": ["task.*"]}, "what each wants can be asked for")


async def check_positions_are_not_used_again(store: Store) -> None:
    """A position that was deleted never comes again."""
    await _subscribed(store, "billing")
    await recorded(store, [_telling("t1", 1)])
    epoch = await _leased(store, "billing")
    (entry,) = await store.read_outbox("billing", after=0, limit=9)
    await store.advance("billing", epoch, entry.position)
    pruned = await store.prune_outbox(START - 1)
    expect.equal((pruned.deleted, pruned.lost), (1, 0), "nothing was lost to anybody")
    expect.equal(await _events(store, "billing"), [], "what all are done with is deleted")
    await recorded(store, [_telling("t1", 2)])
    found = await store.read_outbox("billing", after=entry.position, limit=9)
    expect.equal(len(found), 1, "a cursor misses nothing after a deletion")


async def check_one_owner_delivers(store: Store) -> None:
    """A lease keeps others out until it ends, and each new owner has a new epoch."""
    await _subscribed(store, "billing")
    first = await _leased(store, "billing")
    other = await store.lease_subscription("billing", "node-b", now=START + 9, until=START + 30)
    expect.true(other is None, "a lease that holds keeps others out")
    expect.equal(await _leased(store, "billing", at=START + 5), first, "extending keeps the epoch")
    second = await _leased(store, "billing", "node-b", at=START + 15)
    expect.true(second > first, "a new owner has a new epoch")
    expect.true(not await store.advance("billing", first, 7), "the old one moves no cursor")
    await store.release_subscription("billing", first)
    held = await store.lease_subscription("billing", "node-a", now=START + 16, until=START + 30)
    expect.true(held is None, "nor does it end the lease of the new one")
    await store.release_subscription("billing", second)
    third = await _leased(store, "billing", "node-a", at=START + 16)
    expect.true(third > second, "a lease that was given back is free")
    unknown = await store.lease_subscription("nobody", "node-a", now=START, until=START + 1)
    expect.true(unknown is None, "an unknown subscription is leased to nobody")


async def check_leases_end_with_their_node(store: Store) -> None:
    """The next node that works the store need not wait for the leases of the one before."""
    await _subscribed(store, "billing")
    await _subscribed(store, "audit")
    await store.join(node("node-a"))
    await _leased(store, "billing")
    await _leased(store, "audit", "node-c")
    await store.leave("node-a")
    await store.join(node("node-b"))
    await _leased(store, "billing", "node-b")
    others = await store.lease_subscription("audit", "node-b", now=START, until=START + 9)
    expect.true(others is None, "the lease of a process that does not work the store holds")


async def check_cursors_go_forward(store: Store) -> None:
    """A cursor never moves back, and moves alone."""
    await _subscribed(store, "billing")
    await _subscribed(store, "audit")
    await recorded(store, [_telling("t1", 1), _telling("t1", 2)])
    first, second = await store.read_outbox("billing", after=0, limit=9)
    epoch = await _leased(store, "billing")
    await store.advance("billing", epoch, second.position)
    await store.advance("billing", epoch, first.position)
    standings = {each.subscription.name: each for each in await store.subscriptions()}
    billing = standings["billing"]
    expect.equal(billing.subscription.cursor, second.position, "a cursor never moves back")
    expect.equal((billing.waiting, standings["audit"].waiting), (0, 2), "others are as they were")


async def check_dead_letters_are_kept_and_sent_again(store: Store) -> None:
    """Dead letters are kept with the cursor, and can be redelivered to their subscription."""
    await _subscribed(store, "billing")
    await _subscribed(store, "audit")
    epoch = await _leased(store, "billing")
    letters = [_dead("e1"), _dead("e2", at=START + 1), _dead("e3", at=START + 2)]
    await store.advance("billing", epoch, 0, dead=letters)
    expect.equal(await store.dead_letters("billing"), letters, "dead letters, oldest first")
    expect.equal(await store.dead_letters("audit"), [], "those of one subscription alone")
    expect.equal(await store.dead_letters(limit=1), letters[:1], "at most limit of them")
    expect.equal(await store.redeliver("billing", ["e2", "nothing"], at=START), 1, "one is sent")
    expect.equal(await _events(store, "billing"), [b'[{"event_id":"e2"}]'], "it is in the outbox")
    expect.equal(await _events(store, "audit"), [], "for its subscription alone")
    expect.equal(await store.dead_letters(), [letters[0], letters[2]], "and is dead no more")
    expect.equal(await store.discard_dead_letters("billing", ["e1"]), 1, "one is discarded")
    expect.equal(await store.redeliver("billing", at=START), 1, "the rest is sent again")
    expect.equal(await store.dead_letters(), [], "none is left")


async def check_a_lost_lease_leaves_no_dead_letter(store: Store) -> None:
    """Who has lost the lease records no dead letters."""
    await _subscribed(store, "billing")
    epoch = await _leased(store, "billing")
    await _leased(store, "billing", "node-b", at=START + 15)
    expect.true(not await store.advance("billing", epoch, 9, dead=[_dead("e1")]), "it is told so")
    expect.equal(await store.dead_letters(), [], "and nothing is recorded")


async def check_the_outbox_is_pruned(store: Store) -> None:
    """What some subscription still waits for stays, unless it is too old; that is counted."""
    await _subscribed(store, "billing")
    await _subscribed(store, "audit")
    appends = [_telling("t1", seq, at=START + seq) for seq in (1, 2, 3)]
    await recorded(store, appends)
    entries = await store.read_outbox("billing", after=0, limit=9)
    epoch = await _leased(store, "billing")
    await store.advance("billing", epoch, entries[1].position)
    expect.equal((await store.prune_outbox(START)).deleted, 0, "what one waits for stays")
    pruned = await store.prune_outbox(START + 3, limit=1)
    expect.equal((pruned.deleted, pruned.lost), (1, 1), "at most limit of them are looked at")
    pruned = await store.prune_outbox(START + 3)
    expect.equal((pruned.deleted, pruned.lost), (1, 1), "what is too old is lost, and counted")
    expect.equal(len(await _events(store, "audit")), 1, "the rest stays")
    await store.remove_subscription("audit")
    await store.remove_subscription("billing")
    expect.equal((await store.prune_outbox(START)).lost, 0, "without subscriptions nothing is lost")
    expect.equal(await _events(store, "audit"), [], "and nothing is kept")


async def check_subscriptions_are_suspended_and_removed(store: Store) -> None:
    """A suspended subscription keeps its cursor; a removed one is gone with its dead letters."""
    await _subscribed(store, "billing")
    epoch = await _leased(store, "billing")
    await store.advance("billing", epoch, 0, dead=[_dead("e1")])
    expect.true(await store.suspend_subscription("billing", "it is gone"), "it is known")
    leased = await store.lease_subscription("billing", "node-a", now=START, until=START + 9)
    expect.true(leased is not None and leased.suspended == "it is gone", "whoever leases it sees")
    await store.suspend_subscription("billing", None)
    (standing,) = await store.subscriptions()
    expect.true(standing.subscription.suspended is None, "it goes on")
    expect.equal(standing.dead_letters, 1, "its dead letters are counted")
    expect.true(await store.remove_subscription("billing"), "it was there")
    expect.equal(await store.subscriptions(), [], "it is gone")
    expect.equal(await store.dead_letters(), [], "with its dead letters")
    expect.true(not await store.remove_subscription("billing"), "gone once")
    expect.true(not await store.suspend_subscription("billing", "x"), "and known no more")
