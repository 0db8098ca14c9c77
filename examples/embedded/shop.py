"""The shop's own database: its orders, its connection, its migrations. It knows no tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiosqlite

MIGRATIONS = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, items TEXT NOT NULL, charged INTEGER)",
    "ALTER TABLE orders ADD COLUMN task_id TEXT",
)
"""Each brings the database from the version of its place here to the next one."""


class Shop:
    """The orders of a shop."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def open(cls, path: str) -> AsyncIterator[Self]:
        """Open the database, brought to the newest version."""
        async with aiosqlite.connect(path, isolation_level=None) as connection:
            connection.row_factory = aiosqlite.Row
            [version] = await connection.execute_fetchall("PRAGMA user_version")
            for number, statement in enumerate(MIGRATIONS, 1):
                if number > version[0]:
                    await connection.executescript(
                        f"BEGIN; {statement}; PRAGMA user_version = {number}; COMMIT"
                    )
            yield cls(connection)

    async def place(self, items: list[str]) -> int:
        """Record an order; it has no task yet."""
        cursor = await self._connection.execute(
            "INSERT INTO orders (items) VALUES (?)", [",".join(items)]
        )
        return cursor.lastrowid or 0

    async def with_task(self, order_id: int, task_id: str) -> None:
        """Note which task works on an order."""
        await self._connection.execute(
            "UPDATE orders SET task_id = ? WHERE id = ?", [task_id, order_id]
        )

    async def charged(self, order_id: int, amount: int) -> None:
        """Note what was charged; the same again changes nothing, as steps can run twice."""
        await self._connection.execute(
            "UPDATE orders SET charged = ? WHERE id = ?", [amount, order_id]
        )

    async def orders(self, where: str = "TRUE", *values: Any) -> list[dict[str, Any]]:
        """Return the orders for which a condition holds."""
        rows = await self._connection.execute_fetchall(
            f"SELECT id, items, charged, task_id FROM orders WHERE {where} ORDER BY id", values
        )
        return [{**dict(row), "items": row["items"].split(",")} for row in rows]
