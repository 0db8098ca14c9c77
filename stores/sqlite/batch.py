"""The rows of one batch of appends, written with one statement for each table."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping

from tasker.stores.errors import EncodingError
from tasker.stores.records import Append
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.rows import Row, json_text, step_row, task_row, text

_QUERIES = queries("journal")

# In the order of writing: a task is inserted before it is updated.
_STATEMENTS = (
    "free_identity",
    "insert_task",
    "insert_task_inputs",
    "update_task",
    "update_details",
    "put_step",
    "insert_append",
    "insert_action",
    "insert_outgoing",
    "insert_annotation",
    "know_annotation_type",
    "know_namespace",
)


class Batch:
    """Rows by statement.

    Args:
        freed: Tasks whose identity expired.
        states: The states of tasks before the batch, which keeps count of their changes.
    """

    def __init__(self, freed: Iterable[str] = (), states: Mapping[str, str] | None = None) -> None:
        self._states = dict(states or {})
        self._moved: Counter[str] = Counter()
        self._freed = set(freed)
        self._rows: dict[str, list[Row]] = {statement: [] for statement in _STATEMENTS}
        self._rows["free_identity"].extend((task_id,) for task_id in self._freed)
        self._namespaces: set[str] = set()
        self._annotation_types: set[str] = set()

    @property
    def rows(self) -> Mapping[str, list[Row]]:
        """The rows, by the statement that writes them."""
        return self._rows

    def add(self, append: Append) -> None:
        """Add the rows of an append."""
        task_id, rows = append.task_id, self._rows
        if append.created is not None:
            self._add_created(append)
            self._move(task_id, append.created.state.value)
        if (change := append.task) is not None:
            self._move(task_id, change.state.value)
            rows["update_task"].append(
                (
                    change.state.value,
                    change.wake_at,
                    change.owner,
                    change.started_at,
                    change.ended_at,
                    task_id,
                )
            )
        if (details := append.details) is not None:
            rows["update_details"].append((details.reason, json_text(details.tags), task_id))
        if append.steps:
            rows["put_step"].extend(step_row(task_id, step) for step in append.steps)
        transitions = json_text(append.transitions)
        rows["insert_append"].append((task_id, append.seq, append.at, transitions))
        if append.actions:
            rows["insert_action"].extend(
                (task_id, append.seq, append.at, each.operation, each.by, each.step, each.reason)
                for each in append.actions
            )
        if append.outgoing is not None:
            rows["insert_outgoing"].append((task_id, append.at, text(append.outgoing)))
        if append.annotations:
            self._add_annotations(append)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the rows, inside a transaction of the caller."""
        for statement, rows in self._rows.items():
            if rows:
                connection.executemany(_QUERIES[statement], rows)
        moved = [(state, count) for state, count in self._moved.items() if count]
        if moved:
            connection.executemany(_QUERIES["count_tasks"], moved)

    def _move(self, task_id: str, state: str) -> None:
        before = self._states.get(task_id)
        if state != before:
            if before is not None:
                self._moved[before] -= 1
            self._moved[state] += 1
            self._states[task_id] = state

    def _add_created(self, append: Append) -> None:
        created = append.created
        assert created is not None
        # A task of this very batch may have lost its identity to a later one.
        identity = None if created.task_id in self._freed else created.identity
        self._rows["insert_task"].append(task_row(created, identity))
        self._rows["insert_task_inputs"].append(
            (
                created.task_id,
                text(created.context),
                text(created.overrides),
                created.traceparent,
                created.tracestate,
            )
        )
        if created.namespace not in self._namespaces:
            self._namespaces.add(created.namespace)
            self._rows["know_namespace"].append((created.namespace, append.at))

    def _add_annotations(self, append: Append) -> None:
        for position, note in enumerate(append.annotations):
            self._rows["insert_annotation"].append(
                (append.task_id, append.seq, position, note.type, text(note.annotation), note.at)
            )
            if note.type not in self._annotation_types:
                self._annotation_types.add(note.type)
                self._rows["know_annotation_type"].append((note.type,))


def unstorable(connection: sqlite3.Connection, append: Append) -> EncodingError | None:
    """Return why SQLite cannot hold something in the append, or None.

    Text with a lone surrogate and integers over 64 bits are values to Python and
    to nobody else. They are looked for only after a batch failed by one.
    """
    batch = Batch()
    try:
        batch.add(append)
        for rows in batch.rows.values():
            for row in rows:
                connection.execute(f"SELECT {', '.join('?' * len(row))}", row)
    except (ValueError, OverflowError) as cause:
        return EncodingError(
            what=f"append {append.seq} of task {append.task_id!a}",
            path="a value",
            type_name=f"unstorable ({cause})",
            remedy="leave out lone surrogates, and integers beyond 64 bits",
        )
    return None
