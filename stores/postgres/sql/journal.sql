-- What every commit of appends does, in one statement: lock the tasks in the order of their
-- ids, look whether each is where its appends take it to be, and move it on; nothing is
-- written otherwise. The statements below are added to it as far as they have rows.
--
-- A lock waits for whoever has the row, and shows it as it was left: so a writer that has
-- lost a task to another process finds another epoch here, and writes nothing.
-- $1 and $2 are the writer, and how many commits it has had: the same commit, sent a second
-- time because the answer was lost, finds another number. $3 to $13 are the columns of
-- `heads`, where no state leaves the head, and no reason the details. $14 are the states of
-- new tasks, $15 is 1 when other processes have something to look for.
-- name: record
WITH heads AS MATERIALIZED (
    SELECT * FROM unnest(
        $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::float8[],
        $9::text[], $10::float8[], $11::float8[], $12::text[], $13::text[]
    ) AS h (
        task_id, epoch, seq_before, seq, state, wake_at, owner, started_at, ended_at, reason, tags
    )
),
locked AS MATERIALIZED (
    SELECT task_id, epoch, seq, state
    FROM {schema}.tasks
    WHERE task_id = ANY ($3::text[])
    ORDER BY task_id
    FOR UPDATE
),
writer AS MATERIALIZED (
    SELECT writer_id FROM {schema}.writers WHERE writer_id = $1 AND commits = $2 FOR UPDATE
),
admitted AS MATERIALIZED (
    SELECT writer_id FROM writer
    WHERE cardinality($3::text[]) = (
        SELECT count(*) FROM locked JOIN heads USING (task_id)
        WHERE locked.epoch = heads.epoch AND locked.seq = heads.seq_before
    )
),
moved AS (
    SELECT locked.state AS state_before, heads.state AS state_after
    FROM locked JOIN heads USING (task_id)
    WHERE heads.state IS NOT NULL
    UNION ALL
    SELECT NULL, created FROM unnest($14::text[]) AS created
),
moves AS (
    SELECT
        count(*) FILTER (WHERE state_after = 'pending')
            - count(*) FILTER (WHERE state_before = 'pending') AS pending,
        count(*) FILTER (WHERE state_after = 'in_progress')
            - count(*) FILTER (WHERE state_before = 'in_progress') AS in_progress,
        count(*) FILTER (WHERE state_after = 'paused')
            - count(*) FILTER (WHERE state_before = 'paused') AS paused,
        count(*) FILTER (WHERE state_after = 'complete')
            - count(*) FILTER (WHERE state_before = 'complete') AS complete,
        count(*) FILTER (WHERE state_after = 'error')
            - count(*) FILTER (WHERE state_before = 'error') AS error,
        count(*) FILTER (WHERE state_after = 'cancelled')
            - count(*) FILTER (WHERE state_before = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE state_after = 'resolved_manually')
            - count(*) FILTER (WHERE state_before = 'resolved_manually') AS resolved_manually
    FROM moved
),
counted AS (
    UPDATE {schema}.writers AS w
    SET commits = w.commits + 1,
        changes = w.changes + $15::bigint,
        written_at = now(),
        pending = w.pending + moves.pending,
        in_progress = w.in_progress + moves.in_progress,
        paused = w.paused + moves.paused,
        complete = w.complete + moves.complete,
        error = w.error + moves.error,
        cancelled = w.cancelled + moves.cancelled,
        resolved_manually = w.resolved_manually + moves.resolved_manually
    FROM admitted, moves
    WHERE w.writer_id = admitted.writer_id
),
advanced AS (
    UPDATE {schema}.tasks AS t
    SET seq = h.seq,
        state = coalesce(h.state, t.state),
        wake_at = CASE WHEN h.state IS NULL THEN t.wake_at ELSE h.wake_at END,
        owner = CASE WHEN h.state IS NULL THEN t.owner ELSE h.owner END,
        started_at = CASE WHEN h.state IS NULL THEN t.started_at ELSE h.started_at END,
        ended_at = CASE WHEN h.state IS NULL THEN t.ended_at ELSE h.ended_at END,
        reason = coalesce(h.reason, t.reason),
        tags = coalesce(h.tags, t.tags)
    FROM heads AS h, admitted
    WHERE t.task_id = h.task_id
);

-- name: recorded
SELECT count(*) FROM admitted;

-- The columns of each are in the order of the rows in rows.py.
-- name: insert_task
INSERT INTO {schema}.tasks (
    task_id, namespace, name, version, definition_hash, state, priority, created_at,
    requested_at, started_at, ended_at, wake_at, owner, epoch, initiator, source_system,
    reason, tags, bypass_steps, identity, correlation_id, seq
)
SELECT new.* FROM admitted, unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
    $8::float8[], $9::float8[], $10::float8[], $11::float8[], $12::float8[], $13::text[],
    $14::bigint[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[],
    $20::text[], $21::text[], $22::bigint[]
) AS new;

-- name: insert_task_inputs
INSERT INTO {schema}.task_inputs (task_id, context, overrides, traceparent, tracestate)
SELECT new.* FROM admitted, unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[]
) AS new;

-- name: put_step
INSERT INTO {schema}.steps (
    task_id, name, state, attempts, forgiven, retry_limit, permanent, retry_at, ready_at,
    started_at, ended_at, inputs, results, error
)
SELECT new.* FROM admitted, unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
    $7::boolean[], $8::float8[], $9::float8[], $10::float8[], $11::float8[], $12::text[],
    $13::text[], $14::text[]
) AS new
ON CONFLICT (task_id, name) DO UPDATE SET
    state = excluded.state, attempts = excluded.attempts, forgiven = excluded.forgiven,
    retry_limit = excluded.retry_limit, permanent = excluded.permanent,
    retry_at = excluded.retry_at, ready_at = excluded.ready_at,
    started_at = excluded.started_at, ended_at = excluded.ended_at,
    inputs = excluded.inputs, results = excluded.results, error = excluded.error;

-- name: insert_append
INSERT INTO {schema}.journal (task_id, seq, at, transitions)
SELECT new.* FROM admitted, unnest($1::text[], $2::bigint[], $3::float8[], $4::text[]) AS new;

-- Numbered in the order of the appends.
-- name: insert_action
INSERT INTO {schema}.actions (task_id, seq, at, operation, by, step, reason)
SELECT new.task_id, new.seq, new.at, new.operation, new.by, new.step, new.reason
FROM admitted, unnest(
    $1::text[], $2::bigint[], $3::float8[], $4::text[], $5::text[], $6::text[], $7::text[]
) WITH ORDINALITY AS new (task_id, seq, at, operation, by, step, reason, place)
ORDER BY new.place;

-- name: insert_outgoing
INSERT INTO {schema}.arrivals (task_id, at, events)
SELECT new.task_id, new.at, new.events
FROM admitted, unnest(
    $1::text[], $2::float8[], $3::text[]
) WITH ORDINALITY AS new (task_id, at, events, place)
ORDER BY new.place;

-- name: insert_annotation
INSERT INTO {schema}.annotations (task_id, seq, position, type, annotation, at)
SELECT new.* FROM admitted, unnest(
    $1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::float8[]
) AS new;

-- name: know_annotation_type
INSERT INTO {schema}.annotation_types (name, description)
SELECT new.name, '' FROM admitted, unnest($1::text[]) AS new (name)
ORDER BY new.name
ON CONFLICT (name) DO NOTHING;

-- name: know_namespace
INSERT INTO {schema}.namespaces (name, description, created_at)
SELECT new.name, '', new.at FROM admitted, unnest($1::text[], $2::float8[]) AS new (name, at)
ORDER BY new.name
ON CONFLICT (name) DO NOTHING;

-- State, epoch and newest append of every task that a batch names, locked.
-- name: heads
SELECT task_id, epoch, seq
FROM {schema}.tasks
WHERE task_id = ANY (:task_ids::text[])
ORDER BY task_id
FOR UPDATE;

-- Who has the identities that a batch asks for.
-- name: identity_holders
SELECT identity, task_id, created_at
FROM {schema}.tasks
WHERE identity = ANY (:identities::text[])
ORDER BY task_id
FOR UPDATE;

-- Take the identity from tasks for which it has expired.
-- name: free_identities
UPDATE {schema}.tasks SET identity = NULL WHERE task_id = ANY (:task_ids::text[]);

-- Take the writer's row, making it when there is none.
-- name: take_writer
INSERT INTO {schema}.writers AS w (writer_id) VALUES (:writer_id)
ON CONFLICT (writer_id) DO UPDATE SET written_at = now()
RETURNING w.commits;

-- A row for a commit inside an application's own transaction, which may take its time: one
-- that nobody has just now, if there is any. Above READ COMMITTED, a row that was changed
-- since the transaction began would be an error.
-- name: take_guest
SELECT writer_id, commits
FROM {schema}.writers
WHERE writer_id >= 'guest-' AND writer_id < 'guest.'
    AND current_setting('transaction_isolation') = 'read committed'
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- How many commits a writer has had; waits for one that is under way.
-- name: writer_commits
SELECT commits FROM {schema}.writers WHERE writer_id = :writer_id FOR UPDATE;

-- A small write that also ends every doubt: a commit that is still on its way to the
-- server finds another number, and writes nothing.
-- name: probe
INSERT INTO {schema}.writers AS w (writer_id, commits) VALUES (:writer_id, 1)
ON CONFLICT (writer_id) DO UPDATE SET commits = w.commits + 1, written_at = now()
RETURNING w.commits;

-- Tell other processes that there is something to look for.
-- name: note_change
INSERT INTO {schema}.writers AS w (writer_id, changes) VALUES (:writer_id, 1)
ON CONFLICT (writer_id) DO UPDATE SET changes = w.changes + 1, written_at = now();

-- How often others had something for this one to look for.
-- name: changes_of_others
SELECT coalesce(sum(changes), 0)::bigint FROM {schema}.writers WHERE writer_id <> :writer_id;

-- Add up the rows of writers that have not written for an hour. A writer that comes back
-- begins a new one.
-- name: fold_writers
WITH former AS (
    DELETE FROM {schema}.writers
    WHERE writer_id IN (
        SELECT writer_id FROM {schema}.writers
        WHERE written_at < now() - interval '1 hour' AND writer_id <> :writer_id
        ORDER BY writer_id
        FOR UPDATE SKIP LOCKED
    )
    RETURNING *
)
INSERT INTO {schema}.writers AS w (
    writer_id, changes, pending, in_progress, paused, complete, error, cancelled,
    resolved_manually
)
SELECT :writer_id, sum(changes) + 1, sum(pending), sum(in_progress), sum(paused), sum(complete),
    sum(error), sum(cancelled), sum(resolved_manually)
FROM former
HAVING count(*) > 0
ON CONFLICT (writer_id) DO UPDATE SET
    changes = w.changes + excluded.changes,
    pending = w.pending + excluded.pending,
    in_progress = w.in_progress + excluded.in_progress,
    paused = w.paused + excluded.paused,
    complete = w.complete + excluded.complete,
    error = w.error + excluded.error,
    cancelled = w.cancelled + excluded.cancelled,
    resolved_manually = w.resolved_manually + excluded.resolved_manually;
