"""Operations that other processes left in the store for this engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import msgspec

from tasker.actors.actor import Actor
from tasker.actors.protocols import Clock
from tasker.actors.workflow.messages import AnyOperation
from tasker.stores.errors import NotHereError, StoreError, TaskerError
from tasker.stores.protocols import CommandStore
from tasker.stores.records import CommandRecord, TaskState

AT_ONCE = 32
"""Commands that are worked on at the same time."""
KEEP_SECONDS = 3_600.0
"""How long a finished command can be asked for."""

_decoder = msgspec.json.Decoder(AnyOperation)


class Inbox(Actor):
    """Takes commands from the store, does them, and records their outcome.

    A command whose engine dies before its outcome is recorded is done again by
    the next one; operations are refused or harmless when they come twice.
    """

    def __init__(
        self,
        store: CommandStore,
        clock: Clock,
        operate: Callable[[str, AnyOperation], Awaitable[TaskState]],
        *,
        node_id: str,
    ) -> None:
        super().__init__("inbox")
        self._node_id = node_id
        self._store = store
        self._clock = clock
        self._operate = operate
        self._nudged = anyio.Event()
        self._nudged.set()

    def nudge(self) -> None:
        """Have the store looked at for commands."""
        self._nudged.set()

    async def run(self) -> None:
        """Wait to be nudged, and do what waits."""
        while True:
            await self._nudged.wait()
            self._nudged = anyio.Event()
            try:
                await self._serve()
            except* StoreError:
                await self._clock.sleep(0.5)
                self._nudged.set()

    async def _serve(self) -> None:
        left: set[str] = set()
        while commands := await self._store.waiting_commands(AT_ONCE, self._node_id):
            if left.issuperset(each.command_id for each in commands):
                break
            async with anyio.create_task_group() as group:
                for command in commands:
                    group.start_soon(self._do, command, left)
        await self._store.prune_commands(self._clock.now() - KEEP_SECONDS)

    async def _do(self, command: CommandRecord, left: set[str]) -> None:
        """Do a command, or leave it to the node that has its task."""
        try:
            state = await self._operate(command.task_id, _decoder.decode(command.arguments))
            outcome = msgspec.json.encode({"ok": state})
        except NotHereError:
            left.add(command.command_id)
            return
        except (TaskerError, msgspec.DecodeError) as error:
            outcome = msgspec.json.encode(
                {
                    "error": {
                        "class": type(error).__name__,
                        "message": str(error),
                        "facts": vars(error),
                    }
                },
                enc_hook=str,
            )
        await self._store.finish_command(command.command_id, outcome)
