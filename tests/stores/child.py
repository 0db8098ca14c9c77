"""What the tests run in a process of its own: ``python -m tests.stores.child VERB PATH``.

Each verb prints a line when it has done something, and nothing else.
"""

import resource
import sys

import anyio

from tasker.stores import SqliteStore, StoreError, StoreUnavailableError
from tasker.stores.contract.records import append, creation, node, step, task


def say(text):
    print(text, flush=True)


async def journal(path):
    """Append to three tasks for ever; say what was acknowledged."""
    store = SqliteStore(path)
    await store.open()
    prefix = sys.argv[3]
    ids = [f"{prefix}-{number}" for number in range(3)]
    await store.commit([creation(task(task_id), steps=(step("s1"),)) for task_id in ids])
    seq = 1
    while True:
        say(f"{prefix} {seq}")
        seq += 1
        steps = (step(f"s{seq}"),)
        await store.commit([append(task_id, seq, steps=steps) for task_id in ids])


async def work(path):
    """Join as the node of this process, own a task, and wait to be killed."""
    store = SqliteStore(path)
    await store.open()
    await store.join(node("child"))
    await store.commit([creation(task("owned", owner="child"))])
    say("joined")
    await anyio.sleep_forever()


async def limited(path):
    """Meet the end of the disk for real: files may not grow any more, then they may."""
    store = SqliteStore(path)
    await store.open()
    await store.commit([creation(task("t1"))])
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
    try:
        await store.commit([append("t1", 2)])
    except StoreUnavailableError as error:
        say(f"refused: {error.operation}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    say(f"after: {await store.commit([append('t1', 2)])}")
    await store.close()


async def forget(path):
    """Forget to close the store."""
    store = SqliteStore(path)
    await store.open()
    await store.commit([creation(task("t1"))])
    say("committed")


async def contend(path):
    """Open a file that others open at the same moment, and write to it."""
    sys.stdin.readline()
    store = SqliteStore(path)
    try:
        await store.open()
    except StoreError as error:
        say(f"failed: {error}")
        return
    await store.commit([creation(task(sys.argv[3]))])
    await store.close()
    say("opened")


VERBS = {verb.__name__: verb for verb in (journal, work, limited, forget, contend)}

if __name__ == "__main__":
    anyio.run(VERBS[sys.argv[1]], sys.argv[2])
