"""A batch of appends as rows, one for each thing that is written, however often it changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import asdict, replace

from tasker.stores.errors import EncodingError
from tasker.stores.postgres.rows import Move, Row, head_row, json_text, step_row, task_row, text
from tasker.stores.postgres.statements import Statements
from tasker.stores.records import Append, TaskRecord

_HEAD_COLUMNS = 11
_LARGEST = 2**63 - 1


class Known:
    """Names that are in the store already, and need not be written with every task."""

    def __init__(self) -> None:
        self.namespaces: set[str] = set()
        self.annotation_types: set[str] = set()

    def add(self, batch: Batch) -> None:
        """Remember what a batch brought, once it is durable."""
        self.namespaces.update(batch.namespaces)
        self.annotation_types.update(batch.annotation_types)


class Batch:
    """Rows by the part of the statement that writes them.

    The appends must be of an order that the store can take: for each task they follow
    each other. One statement writes a row once, so later changes of a task or step
    replace earlier ones here.

    Args:
        appends: What is to be recorded.
        known: What need not be written.
        freed: Tasks of this batch that lose their identity to a later one of it.
    """

    def __init__(self, appends: Iterable[Append], known: Known, freed: Iterable[str] = ()) -> None:
        self.namespaces: dict[str, float] = {}
        self.annotation_types: set[str] = set()
        self._known = known
        self._heads: dict[str, Move] = {}
        self._created: dict[str, TaskRecord] = {}
        self._seqs: dict[str, int] = {}
        self._steps: dict[tuple[str, str], Row] = {}
        self._rows: dict[str, list[Row]] = {
            name: []
            for name in ("insert_append", "insert_action", "insert_outgoing", "insert_annotation")
        }
        self._inputs: list[Row] = []
        for append in appends:
            self._add(append)
        for task_id in freed:
            if task_id in self._created:
                self._created[task_id] = replace(self._created[task_id], identity=None)

    @property
    def wakes(self) -> bool:
        """Whether other processes have something to look for: a task that nobody owns."""
        heads = [(task.owner, task.wake_at) for task in self._created.values()]
        heads += [
            (move.change.owner, move.change.wake_at)
            for move in self._heads.values()
            if move.change is not None
        ]
        return any(owner is None and wake_at is not None for owner, wake_at in heads)

    def parts(self) -> dict[str, list[Row]]:
        """Return the rows that there are, by the part of the statement that writes them."""
        rows = {
            "insert_task": [
                task_row(task, self._seqs[task_id]) for task_id, task in self._created.items()
            ],
            "insert_task_inputs": self._inputs,
            "put_step": list(self._steps.values()),
            **self._rows,
            "know_annotation_type": [(name,) for name in self.annotation_types],
            "know_namespace": list(self.namespaces.items()),
        }
        return {name: found for name, found in rows.items() if found}

    def statement(self, statements: Statements, writer: str, commits: int) -> tuple[str, list[Any]]:
        """Return the statement that records the batch, and its arguments.

        Its answer is 1 when everything is recorded, and 0 when nothing is, since some
        task, or the writer, is not where it was taken to be.
        """
        parts = self.parts()
        heads = [head_row(task_id, move) for task_id, move in self._heads.items()]
        columns = {name: _columns(rows) for name, rows in parts.items()}
        sql = statements.joined(
            "record", [(name, len(found)) for name, found in columns.items()], "recorded"
        )
        created = [task.state.value for task in self._created.values()]
        arguments = [writer, commits, *(_columns(heads) or [[]] * _HEAD_COLUMNS)]
        arguments += [created, int(self.wakes)]
        for found in columns.values():
            arguments += found
        return sql, arguments

    def values(self) -> Iterable[Any]:
        """Yield every value that would be written."""
        for rows in self.parts().values():
            for row in rows:
                yield from row
        for task_id, move in self._heads.items():
            yield from head_row(task_id, move)

    def _add(self, append: Append) -> None:
        task_id = append.task_id
        if append.created is not None:
            self._create(append.created, append.at)
        if task_id in self._created:
            self._change_created(append)
        else:
            self._change(append)
        for step in append.steps:
            self._steps[task_id, step.name] = step_row(task_id, step)
        rows = self._rows
        rows["insert_append"].append(
            (task_id, append.seq, append.at, json_text(append.transitions))
        )
        rows["insert_action"].extend(
            (task_id, append.seq, append.at, each.operation, each.by, each.step, each.reason)
            for each in append.actions
        )
        if append.outgoing is not None:
            rows["insert_outgoing"].append((task_id, append.at, text(append.outgoing)))
        for position, note in enumerate(append.annotations):
            rows["insert_annotation"].append(
                (task_id, append.seq, position, note.type, text(note.annotation), note.at)
            )
            if note.type not in self._known.annotation_types:
                self.annotation_types.add(note.type)

    def _create(self, task: TaskRecord, at: float) -> None:
        self._created[task.task_id] = task
        self._inputs.append(
            (
                task.task_id,
                text(task.context),
                text(task.overrides),
                task.traceparent,
                task.tracestate,
            )
        )
        if task.namespace not in self._known.namespaces:
            self.namespaces.setdefault(task.namespace, at)

    def _change_created(self, append: Append) -> None:
        changes: dict[str, Any] = {}
        if append.task is not None:
            changes |= asdict(append.task)
        if append.details is not None:
            changes |= asdict(append.details)
        if changes:
            self._created[append.task_id] = replace(self._created[append.task_id], **changes)
        self._seqs[append.task_id] = append.seq

    def _change(self, append: Append) -> None:
        move = self._heads.get(append.task_id)
        if move is None:
            move = self._heads[append.task_id] = Move(append.epoch, append.seq - 1, append.seq)
        move.seq = append.seq
        move.change = append.task or move.change
        move.details = append.details or move.details


def unstorable(append: Append) -> EncodingError | None:
    """Return why PostgreSQL cannot hold something in the append, or None.

    Text with U+0000 or a lone surrogate, and integers over 64 bits. They are looked for
    only after a batch failed by one.
    """
    try:
        for value in Batch([append], Known()).values():
            _check(value)
    except (ValueError, OverflowError) as cause:
        return EncodingError(
            what=f"append {append.seq} of task {append.task_id!a}",
            path="a value",
            type_name=f"unstorable ({cause})",
            remedy="leave out U+0000, lone surrogates, and integers beyond 64 bits",
        )
    return None


def _check(value: Any) -> None:
    if isinstance(value, str):
        value.encode()
        if "\0" in value:
            raise ValueError("U+0000 in a text")
    elif isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        raise ValueError("an integer beyond 64 bits")


def _columns(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
