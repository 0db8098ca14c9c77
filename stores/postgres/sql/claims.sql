-- Own the first tasks that can run at once, but for those that somebody else is just
-- claiming: index tasks_backlog, read in its order.
-- name: claim_backlog
WITH next AS MATERIALIZED (
    SELECT task_id FROM {schema}.tasks
    WHERE owner IS NULL AND wake_at = 0
    ORDER BY priority DESC, task_id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
UPDATE {schema}.tasks AS t SET owner = :node_id, epoch = t.epoch + 1
FROM next
WHERE t.task_id = next.task_id
RETURNING t.task_id;

-- The same of those whose instant has come: index tasks_timers.
-- name: claim_due
WITH next AS MATERIALIZED (
    SELECT task_id FROM {schema}.tasks
    WHERE owner IS NULL AND wake_at > 0 AND wake_at <= :now
    ORDER BY wake_at, task_id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
UPDATE {schema}.tasks AS t SET owner = :node_id, epoch = t.epoch + 1
FROM next
WHERE t.task_id = next.task_id
RETURNING t.task_id;

-- Waits for whoever has the row: the answer says whether the task can be had.
-- name: claim_task
UPDATE {schema}.tasks SET owner = :node_id, epoch = epoch + 1
WHERE task_id = :task_id AND (owner IS NULL OR owner = :node_id)
RETURNING task_id;

-- Those of some tasks that a claim has taken whose answer was lost. Waits for one that is
-- under way.
-- name: still_claimed
SELECT t.task_id
FROM unnest(:task_ids::text[], :epochs::bigint[]) AS claimed (task_id, epoch)
JOIN {schema}.tasks AS t ON t.task_id = claimed.task_id
WHERE t.epoch = claimed.epoch AND t.owner = :node_id
ORDER BY t.task_id
FOR UPDATE OF t;

-- name: next_wake_at
SELECT min(wake_at) FROM {schema}.tasks WHERE owner IS NULL AND wake_at > 0;

-- name: free_others
UPDATE {schema}.tasks SET owner = NULL WHERE owner IS NOT NULL AND owner <> :node_id;

-- name: free_own
UPDATE {schema}.tasks SET owner = NULL WHERE owner = :node_id;

-- name: put_node
INSERT INTO {schema}.nodes (node_id, host, pid, started_at)
VALUES (:node_id, :host, :pid, :started_at)
ON CONFLICT (node_id) DO UPDATE SET
    host = excluded.host, pid = excluded.pid, started_at = excluded.started_at;

-- name: delete_other_nodes
DELETE FROM {schema}.nodes WHERE node_id <> :node_id;

-- name: delete_node
DELETE FROM {schema}.nodes WHERE node_id = :node_id;

-- The node that works the store: its row, while the lock is held. A 64-bit key stands in
-- two columns.
-- name: holder
SELECT node_id, host, pid, started_at
FROM {schema}.nodes
WHERE EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) | objid::bigint = :key::bigint
);
