-- Own the first tasks that can run at once, but for those that somebody else is just
-- claiming: index tasks_backlog, read in its order.
-- name: claim_backlog
WITH next AS MATERIALIZED (
    SELECT task_id FROM {schema}.tasks
    WHERE owner IS NULL AND wake_at = 0
        AND EXISTS (
            SELECT FROM {schema}.nodes
            WHERE node_id = :node_id AND expires_at > clock_timestamp()
        )
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
        AND EXISTS (
            SELECT FROM {schema}.nodes
            WHERE node_id = :node_id AND expires_at > clock_timestamp()
        )
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
    AND EXISTS (
            SELECT FROM {schema}.nodes
            WHERE node_id = :node_id AND expires_at > clock_timestamp()
        )
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

-- What a node owned before it lost its lease, with the next epoch: what it still appends for
-- these is refused.
-- name: free_own
WITH own AS MATERIALIZED (
    SELECT task_id FROM {schema}.tasks WHERE owner = :node_id ORDER BY task_id FOR UPDATE
)
UPDATE {schema}.tasks AS t SET owner = NULL, epoch = t.epoch + 1
FROM own
WHERE t.task_id = own.task_id;

-- What a node hands back as it leaves: it has appended all that it will.
-- name: leave_own
UPDATE {schema}.tasks SET owner = NULL WHERE owner = :node_id;

-- name: put_node
INSERT INTO {schema}.nodes (node_id, host, pid, started_at, version, expires_at)
VALUES (
    :node_id, :host, :pid, :started_at, :version,
    clock_timestamp() + make_interval(secs => :seconds)
)
ON CONFLICT (node_id) DO UPDATE SET
    host = excluded.host, pid = excluded.pid, started_at = excluded.started_at,
    version = excluded.version, expires_at = excluded.expires_at, draining = false;

-- name: delete_node
DELETE FROM {schema}.nodes WHERE node_id = :node_id;

-- name: holder
SELECT node_id, host, pid, started_at
FROM {schema}.nodes
WHERE expires_at > clock_timestamp()
ORDER BY started_at, node_id
LIMIT 1;

-- Renew a lease that has not run out, and free what the nodes own whose leases have. A task
-- that its former owner is just writing to is freed the next time. The rows of nodes stay
-- for an hour, so that what such a node creates with its last breath is found too.
-- name: renew
WITH kept AS (
    UPDATE {schema}.nodes
    SET expires_at = clock_timestamp() + make_interval(secs => :seconds), lag_seconds = :lag
    WHERE node_id = :node_id AND expires_at > clock_timestamp()
    RETURNING draining
),
freed AS (
    UPDATE {schema}.tasks AS t SET owner = NULL, epoch = t.epoch + 1
    FROM (
        SELECT task_id FROM {schema}.tasks
        WHERE owner = ANY (ARRAY(
            SELECT node_id FROM {schema}.nodes
            WHERE expires_at <= clock_timestamp() AND node_id <> :node_id
        ))
        ORDER BY task_id
        LIMIT 1000
        FOR UPDATE SKIP LOCKED
    ) AS left_behind
    WHERE t.task_id = left_behind.task_id
    RETURNING t.task_id
)
SELECT
    EXISTS (SELECT FROM kept) AS held,
    (SELECT count(*) FROM freed) AS freed,
    coalesce((SELECT draining FROM kept), false) AS drain,
    EXISTS (SELECT FROM {schema}.nodes WHERE expires_at <= clock_timestamp()) AS gone;

-- name: forget_gone
DELETE FROM {schema}.nodes AS n
WHERE n.expires_at < clock_timestamp() - interval '1 hour'
    AND NOT EXISTS (SELECT FROM {schema}.tasks AS t WHERE t.owner = n.node_id);

-- name: nodes
SELECT
    n.node_id, n.host, n.pid, n.started_at,
    (SELECT count(*) FROM {schema}.tasks AS t WHERE t.owner = n.node_id) AS tasks,
    extract(epoch FROM n.expires_at - clock_timestamp())::float8 AS lease_seconds,
    n.lag_seconds, n.version, n.draining
FROM {schema}.nodes AS n
WHERE n.expires_at > clock_timestamp() - interval '1 minute'
ORDER BY n.started_at, n.node_id;

-- name: drain_node
UPDATE {schema}.nodes SET draining = true
WHERE node_id = :node_id AND expires_at > clock_timestamp()
RETURNING node_id;
