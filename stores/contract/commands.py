"""Checks of `CommandStore`."""

from __future__ import annotations

from msgspec import Raw
from msgspec.structs import replace

from tasker.stores.contract import expect
from tasker.stores.contract.records import START, command
from tasker.stores.protocols import Store

DONE = b'{"ok":{"state":"cancelled"}}'


async def _waiting(store: Store, limit: int = 99) -> list[str]:
    return [record.command_id for record in await store.waiting_commands(limit, "node-a")]


async def check_commands_wait_oldest_first(store: Store) -> None:
    """Commands without an outcome wait, oldest first, up to a limit."""
    for command_id, at in (("c3", START + 3), ("c1", START + 1), ("c2", START + 2)):
        await store.post_command(command(command_id, at=at))
    expect.equal(await _waiting(store), ["c1", "c2", "c3"], "commands wait oldest first")
    expect.equal(await _waiting(store, 2), ["c1", "c2"], "at most limit of them")
    (first, *_) = await store.waiting_commands(1, "node-a")
    expect.equal(first, command("c1", at=START + 1), "a command is read as it was posted")


async def check_a_command_has_one_outcome(store: Store) -> None:
    """The first outcome stays, and ends the wait."""
    await store.post_command(command("c1"))
    await store.finish_command("c1", DONE)
    await store.finish_command("c1", b'{"error":{"class":"X","message":"late"}}')
    expect.equal(await _waiting(store), [], "a finished command does not wait")
    finished = replace(command("c1"), outcome=Raw(DONE))
    expect.equal(await store.get_command("c1"), finished, "the first outcome stays")
    await store.finish_command("nowhere", DONE)
    expect.true(await store.get_command("nowhere") is None, "an unknown command is None")


async def check_a_command_is_posted_once(store: Store) -> None:
    """Posting a command again does not undo its outcome."""
    await store.post_command(command("c1"))
    await store.finish_command("c1", DONE)
    await store.post_command(command("c1"))
    expect.equal(await _waiting(store), [], "a command that is posted again is the same one")


async def check_finished_commands_are_pruned(store: Store) -> None:
    """Finished commands created before an instant are deleted, and counted."""
    for number in range(4):
        await store.post_command(command(f"c{number}", at=START + number))
    for command_id in ("c0", "c1", "c3"):
        await store.finish_command(command_id, DONE)
    expect.equal(await store.prune_commands(START + 3), 2, "what was deleted is counted")
    kept = [number for number in range(4) if await store.get_command(f"c{number}") is not None]
    expect.equal(kept, [2, 3], "what waits, and what is not older, stays")
