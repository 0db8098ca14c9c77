-- Own the first tasks that can run at once: index tasks_backlog, read in its order.
-- name: claim_backlog
UPDATE tasks SET owner = :node_id, epoch = epoch + 1
WHERE task_id IN (
    SELECT task_id FROM tasks
    WHERE owner IS NULL AND wake_at = 0
    ORDER BY priority DESC, task_id
    LIMIT :limit
)
RETURNING task_id;

-- Own the first tasks whose instant has come: index tasks_timers, read in its order.
-- name: claim_due
UPDATE tasks SET owner = :node_id, epoch = epoch + 1
WHERE task_id IN (
    SELECT task_id FROM tasks
    WHERE owner IS NULL AND wake_at > 0 AND wake_at <= :now
    ORDER BY wake_at, task_id
    LIMIT :limit
)
RETURNING task_id;

-- name: claim_task
UPDATE tasks SET owner = :node_id, epoch = epoch + 1
WHERE task_id = :task_id AND (owner IS NULL OR owner = :node_id)
RETURNING task_id;

-- name: next_wake_at
SELECT min(wake_at) FROM tasks WHERE owner IS NULL AND wake_at > 0;

-- name: free_others
UPDATE tasks SET owner = NULL WHERE owner IS NOT NULL AND owner <> :node_id;

-- name: free_own
UPDATE tasks SET owner = NULL WHERE owner IS NOT NULL AND owner = :node_id;

-- name: put_node
REPLACE INTO node (only, node_id, host, pid, started_at) VALUES (1, ?, ?, ?, ?);

-- name: get_node
SELECT node_id, host, pid, started_at FROM node;

-- name: delete_node
DELETE FROM node WHERE node_id = ?;

-- name: owned
SELECT count(*) FROM tasks WHERE owner IS NOT NULL;
