"""Operations asked for by other processes."""

from __future__ import annotations

from msgspec import Raw

from tasker.stores.postgres.driver import Connection, Row
from tasker.stores.postgres.rows import raw, text
from tasker.stores.postgres.slice import Slice
from tasker.stores.postgres.statements import Statements
from tasker.stores.records import CommandRecord


class CommandSlice(Slice):
    """See `CommandStore`."""

    _commands: Statements

    async def post_command(self, command: CommandRecord) -> None:
        """See `CommandStore.post_command`."""
        statement = self._commands["post_command"]
        row = statement.arguments(
            {
                "command_id": command.command_id,
                "task_id": command.task_id,
                "operation": command.operation,
                "arguments": text(command.arguments),
                "created_at": command.created_at,
                "outcome": text(command.outcome),
            }
        )

        async def work(connection: Connection) -> None:
            await connection.execute(statement.sql, *row)
            await connection.execute(self._journal["note_change"].sql, self._writer_id)

        await self._database.transact(work)
        self._tell_others()

    async def waiting_commands(self, limit: int, node_id: str) -> list[CommandRecord]:
        """See `CommandStore.waiting_commands`."""
        rows = await self._database.rows(
            self._commands["waiting_commands"], limit=limit, node_id=node_id
        )
        return [_command(row) for row in rows]

    async def finish_command(self, command_id: str, outcome: bytes) -> None:
        """See `CommandStore.finish_command`."""
        await self._database.put(
            self._commands["finish_command"], command_id=command_id, outcome=text(outcome)
        )

    async def get_command(self, command_id: str) -> CommandRecord | None:
        """See `CommandStore.get_command`."""
        rows = await self._database.rows(self._commands["get_command"], command_id=command_id)
        return _command(rows[0]) if rows else None

    async def prune_commands(self, before: float) -> int:
        """See `CommandStore.prune_commands`."""
        return len(await self._database.put(self._commands["prune_commands"], before=before))


def _command(row: Row) -> CommandRecord:
    command_id, task_id, operation, arguments, created_at, outcome = row
    return CommandRecord(
        command_id=command_id,
        task_id=task_id,
        operation=operation,
        arguments=Raw(arguments.encode()),
        created_at=created_at,
        outcome=raw(outcome),
    )
