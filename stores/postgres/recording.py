"""Recording a batch of appends, on a connection."""

from __future__ import annotations

from collections.abc import Sequence

from tasker.stores.admission import Admission, Head, IdentityHolder, wanted_identities
from tasker.stores.errors import StoreError
from tasker.stores.postgres.batch import Batch, Known
from tasker.stores.postgres.driver import Connection
from tasker.stores.postgres.statements import Statements
from tasker.stores.records import Append


def hopeful(appends: Sequence[Append], known: Known) -> Batch | None:
    """Return the batch as it is recorded when every task is where the appends take it to be.

    None when some append would be refused even so.
    """
    first: dict[str, Append] = {}
    for append in appends:
        first.setdefault(append.task_id, append)
    heads = {
        task_id: Head(append.epoch, append.seq - 1)
        for task_id, append in first.items()
        if append.created is None
    }
    admission = Admission(heads=heads, identities={}, freed=set())
    if any(admission.refusals(appends)) or admission.freed:
        return None
    return Batch(appends, known)


async def record(
    connection: Connection,
    statements: Statements,
    appends: Sequence[Append],
    known: Known,
    *,
    writer: str,
    commits: int,
) -> tuple[list[StoreError | None], Batch]:
    """Record what is not refused, inside a transaction that has the writer's row.

    Returns why each append was refused, or None, and what was recorded.
    """
    admission = await _admission(connection, statements, appends)
    refusals = admission.refusals(appends)
    admitted = [
        append for append, refusal in zip(appends, refusals, strict=True) if refusal is None
    ]
    if admission.freed:
        # A statement of its own: in one with the new tasks, either could be first.
        await connection.execute(statements["free_identities"].sql, sorted(admission.freed))
    batch = Batch(admitted, known, admission.freed)
    sql, arguments = batch.statement(statements, writer, commits)
    if not await connection.fetchval(sql, *arguments):
        raise RuntimeError("a task that was locked has moved")
    return refusals, batch


async def _admission(
    connection: Connection, statements: Statements, appends: Sequence[Append]
) -> Admission:
    """Fetch and lock the facts that decide on the batch, with one query for each kind."""
    task_ids = list({append.task_id for append in appends})
    heads = {
        task_id: Head(epoch, seq)
        for task_id, epoch, seq in await connection.fetch(statements["heads"].sql, task_ids)
    }
    holders: dict[str, IdentityHolder] = {}
    if identities := wanted_identities(appends):
        rows = await connection.fetch(statements["identity_holders"].sql, list(identities))
        holders = {
            identity: IdentityHolder(task_id, created_at) for identity, task_id, created_at in rows
        }
    return Admission(heads=heads, identities=holders, freed=set())
