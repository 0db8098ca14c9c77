-- State, epoch and newest append of every task that a batch names.
-- name: heads
SELECT t.task_id, t.state, t.epoch, (SELECT max(j.seq) FROM journal AS j WHERE j.task_id = t.task_id)
FROM json_each(:task_ids) AS wanted
CROSS JOIN tasks AS t ON t.task_id = wanted.value;

-- Who has the identities that a batch asks for.
-- name: identity_holders
SELECT t.identity, t.task_id, t.created_at
FROM json_each(:identities) AS wanted
CROSS JOIN tasks AS t ON t.identity = wanted.value;

-- Take the identity from tasks for which it has expired.
-- name: free_identity
UPDATE tasks SET identity = NULL WHERE task_id = ?;

-- Columns as in rows.task_row.
-- name: insert_task
INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: insert_task_inputs
INSERT INTO task_inputs (task_id, context, overrides, traceparent, tracestate)
VALUES (?, ?, ?, ?, ?);

-- name: update_task
UPDATE tasks SET state = ?, wake_at = ?, owner = ?, started_at = ?, ended_at = ?
WHERE task_id = ?;

-- name: update_details
UPDATE tasks SET reason = ?, tags = ? WHERE task_id = ?;

-- By how much the number of tasks in a state changes.
-- name: count_tasks
INSERT INTO task_counts VALUES (?, ?)
ON CONFLICT (state) DO UPDATE SET tasks = tasks + excluded.tasks;

-- Columns as in rows.step_row. REPLACE is the cheap form here: the table has no
-- other index, and every column is given.
-- name: put_step
REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: insert_append
INSERT INTO journal (task_id, seq, at, transitions) VALUES (?, ?, ?, ?);

-- name: insert_action
INSERT INTO actions (task_id, seq, at, operation, by, step, reason) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: insert_outgoing
INSERT INTO outbox (task_id, at, events) VALUES (?, ?, ?);

-- name: insert_annotation
INSERT INTO annotations (task_id, seq, position, type, annotation, at)
VALUES (?, ?, ?, ?, ?, ?);

-- name: know_annotation_type
INSERT OR IGNORE INTO annotation_types (name, description) VALUES (?, '');

-- name: know_namespace
INSERT OR IGNORE INTO namespaces (name, description, created_at) VALUES (?, '', ?);

-- A probe takes as much room on the disk as what could not be written.
-- name: insert_probe
INSERT INTO probes (filler) VALUES (zeroblob(:size));

-- name: read_probes
SELECT count(*), min(length(filler)) FROM probes;

-- name: delete_probes
DELETE FROM probes;
