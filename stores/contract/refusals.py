"""Checks of `JournalStore`: what a commit refuses."""

from __future__ import annotations

from tasker.stores.contract import expect
from tasker.stores.contract.records import (
    START,
    append,
    change,
    creation,
    found,
    moved,
    note,
    recorded,
    step,
    steps_of,
    task,
    working,
)
from tasker.stores.errors import AppendConflictError, DuplicateIdentityError, StaleLeaseError
from tasker.stores.protocols import Store
from tasker.stores.records import StepState, TaskState


async def check_another_epoch_is_refused(store: Store) -> None:
    """An append must carry the task's current epoch, neither older nor newer."""
    await recorded(store, [creation(task("t1", epoch=5))])
    for epoch in (4, 6):
        (outcome,) = await store.commit([append("t1", 2, epoch=epoch)])
        error = expect.refusal(outcome, StaleLeaseError, "an append of another epoch is refused")
        facts = (error.task_id, error.epoch, error.current)
        expect.equal(facts, ("t1", epoch, 5), "the refusal names both epochs")
    await recorded(store, [append("t1", 2, epoch=5)])


async def check_a_claim_fences_the_former_owner(store: Store) -> None:
    """Whoever lost a task cannot write to it, whatever it believes."""
    await working(store)
    await recorded(store, [creation(task("t1"))])
    await store.claim_backlog("node-b", 1)
    (outcome,) = await store.commit([append("t1", 2, epoch=1)])
    expect.refusal(outcome, StaleLeaseError, "a claim makes the former epoch stale")
    await recorded(store, [append("t1", 2, epoch=2)])


async def check_an_unknown_task_is_refused(store: Store) -> None:
    """Only a creation may name a task that is not there."""
    (outcome,) = await store.commit([append("nowhere", 1)])
    error = expect.refusal(outcome, StaleLeaseError, "an append to no task is refused")
    expect.true(error.current is None, "its current epoch is None")
    expect.true(await store.get_task("nowhere") is None, "and no task comes of it")


async def check_a_taken_seq_is_refused(store: Store) -> None:
    """Each number of a task is recorded once, also within a batch."""
    await recorded(store, [creation(task("t1")), append("t1", 2, steps=(step("a"),))])
    for seq in (1, 2):
        (outcome,) = await store.commit([append("t1", seq)])
        error = expect.refusal(outcome, AppendConflictError, "a taken seq is refused")
        expect.equal((error.task_id, error.seq), ("t1", seq), "the refusal names it")
    done, again = await store.commit(
        [append("t1", 3, steps=(step("b"),)), append("t1", 3, steps=(step("c"),))]
    )
    expect.true(done is None, "the first of two equal numbers in a batch wins")
    expect.refusal(again, AppendConflictError, "the second of two equal numbers is refused")
    expect.equal(set(steps_of(await found(store, "t1"))), {"a", "b"}, "and leaves no trace")


async def check_a_gap_in_seq_is_refused(store: Store) -> None:
    """An append that does not follow the newest one is refused."""
    await recorded(store, [creation(task("t1"))])
    (outcome,) = await store.commit([append("t1", 3)])
    expect.refusal(outcome, AppendConflictError, "a seq that leaves a gap is refused")
    (outcome,) = await store.commit([creation(task("t2"), seq=2)])
    expect.refusal(outcome, AppendConflictError, "a task begins with append 1")


async def check_a_task_is_created_once(store: Store) -> None:
    """A second creation under the same id is refused."""
    await recorded(store, [creation(task("t1", reason="first"))])
    for seq in (1, 2):
        (outcome,) = await store.commit([creation(task("t1", reason="second"), seq=seq)])
        expect.refusal(outcome, AppendConflictError, "a task is created once")
    expect.equal((await found(store, "t1")).task.reason, "first", "the first one stays")


async def check_what_follows_a_refused_append_is_refused(store: Store) -> None:
    """The appends behind a refused one do not close ranks."""
    await recorded(store, [creation(task("t1"))])
    outcomes = await store.commit([append("t1", 2, epoch=7), append("t1", 3)])
    expect.refusal(outcomes[0], StaleLeaseError, "the first is stale")
    expect.refusal(outcomes[1], AppendConflictError, "what follows a refused append is refused")
    outcomes = await store.commit([creation(task("t2"), seq=5), append("t2", 6)])
    expect.refusal(outcomes[1], StaleLeaseError, "so is what follows a refused creation")


async def check_a_refused_append_leaves_no_trace(store: Store) -> None:
    """No head, step, transition, annotation, type or namespace of it is kept."""
    await recorded(store, [creation(task("t1", identity="one"), steps=(step("a"),))])
    before = await found(store, "t1")
    await store.commit(
        [
            append(
                "t1",
                2,
                epoch=9,
                task=change(TaskState.COMPLETE),
                steps=(step("a", StepState.COMPLETE), step("b")),
                transitions=(moved("a", "in_progress", "complete"),),
                annotations=(note("audit"),),
            ),
            creation(
                task("t2", identity="one", namespace="elsewhere"), annotations=(note("other"),)
            ),
        ]
    )
    expect.equal(await found(store, "t1"), before, "a refused append changes no task")
    expect.true(await store.get_task("t2") is None, "a refused creation makes no task")
    expect.equal(len(await store.history("t1")), 1, "a refused append has no history")
    expect.equal(await store.annotations("t1"), [], "nor annotations")
    expect.equal(await store.annotations("t2"), [], "nor annotations")
    expect.equal(await store.annotation_types(), [], "nor annotation types")
    namespaces = [record.name for record in await store.namespaces()]
    expect.equal(namespaces, ["default"], "nor namespaces")


async def check_an_identity_is_unique(store: Store) -> None:
    """A creation whose identity a task has is refused, and names that task."""
    await recorded(store, [creation(task("t1", identity="one"))])
    (outcome,) = await store.commit([creation(task("t2", identity="one"))])
    error = expect.refusal(outcome, DuplicateIdentityError, "an identity is unique")
    expect.equal((error.identity, error.task_id), ("one", "t1"), "the refusal names the task")
    await recorded(store, [creation(task("t3", identity="two")), creation(task("t4"))])
    await recorded(store, [creation(task("t5"))])


async def check_the_first_identity_of_a_batch_wins(store: Store) -> None:
    """Of two equal identities in one batch, the first is recorded."""
    outcomes = await store.commit(
        [creation(task("t1", identity="one")), creation(task("t2", identity="one"))]
    )
    expect.true(outcomes[0] is None, "the first of two equal identities is recorded")
    error = expect.refusal(outcomes[1], DuplicateIdentityError, "the second is refused")
    expect.equal(error.task_id, "t1", "and names the first")
    expect.true(await store.get_task("t2") is None, "and makes no task")


async def check_an_expired_identity_is_freed(store: Store) -> None:
    """A task created before the given instant loses its identity to the new one."""
    await recorded(store, [creation(task("t1", identity="one", at=START))])
    late = task("t2", identity="one", at=START + 100)
    (outcome,) = await store.commit([creation(late, identity_expires_before=START)])
    expect.refusal(outcome, DuplicateIdentityError, "the instant itself is not before it")
    await recorded(store, [creation(late, identity_expires_before=START + 1)])
    expect.true((await found(store, "t1")).task.identity is None, "the former task loses it")
    expect.equal((await found(store, "t2")).task.identity, "one", "the new one has it")
    (outcome,) = await store.commit([creation(task("t3", identity="one"))])
    error = expect.refusal(outcome, DuplicateIdentityError, "and holds it")
    expect.equal(error.task_id, "t2", "in its own name")


async def check_an_identity_may_expire_within_a_batch(store: Store) -> None:
    """A batch means what its appends would mean one after the other."""
    await recorded(
        store,
        [
            creation(task("t1", identity="one", at=START)),
            creation(task("t2", identity="one", at=START + 9), identity_expires_before=START + 5),
        ],
    )
    expect.true((await found(store, "t1")).task.identity is None, "the first of them loses it")
    expect.equal((await found(store, "t2")).task.identity, "one", "to the second")
