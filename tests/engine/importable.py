"""Handlers that a definition from the store finds by their names."""

import anyio

entered: list[str] = []
gate = anyio.Event()


async def first(task):
    entered.append("first")
    await gate.wait()
    return task.context


async def old_second(first):
    entered.append("old")
    return "old"


async def new_second(first):
    entered.append("new")
    return "new"


def reset():
    """Forget what was entered, and close the gate again."""
    global gate  # noqa: PLW0603
    entered.clear()
    gate = anyio.Event()
