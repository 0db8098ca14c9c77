"""Operations asked for by other processes."""

from __future__ import annotations

from msgspec import Raw

from tasker.stores.records import CommandRecord
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.rows import Row, raw, text
from tasker.stores.sqlite.slice import Slice

_QUERIES = queries("commands")


class CommandSlice(Slice):
    """See `CommandStore`."""

    async def post_command(self, command: CommandRecord) -> None:
        """See `CommandStore.post_command`."""
        row = (
            command.command_id,
            command.task_id,
            command.operation,
            text(command.arguments),
            command.created_at,
            text(command.outcome),
        )
        await self._writer.write(
            lambda connection: connection.execute(_QUERIES["post_command"], row)
        )

    async def waiting_commands(self, limit: int, node_id: str) -> list[CommandRecord]:
        """See `CommandStore.waiting_commands`."""
        rows = await self._reader.read(
            lambda connection: connection.execute(
                _QUERIES["waiting_commands"], (limit,)
            ).fetchall(),
        )
        return [_command(row) for row in rows]

    async def finish_command(self, command_id: str, outcome: bytes) -> None:
        """See `CommandStore.finish_command`."""
        row = (text(outcome), command_id)
        await self._writer.write(
            lambda connection: connection.execute(_QUERIES["finish_command"], row),
        )

    async def get_command(self, command_id: str) -> CommandRecord | None:
        """See `CommandStore.get_command`."""
        row = await self._reader.read(
            lambda connection: connection.execute(
                _QUERIES["get_command"], (command_id,)
            ).fetchone(),
        )
        return None if row is None else _command(row)

    async def prune_commands(self, before: float) -> int:
        """See `CommandStore.prune_commands`."""
        return await self._writer.write(
            lambda connection: connection.execute(_QUERIES["prune_commands"], (before,)).rowcount,
        )


def _command(row: Row) -> CommandRecord:
    return CommandRecord(
        command_id=row[0],
        task_id=row[1],
        operation=row[2],
        arguments=Raw(row[3].encode()),
        created_at=row[4],
        outcome=raw(row[5]),
    )
