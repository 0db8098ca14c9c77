-- Whole tasks with the number of their newest append. Columns as in rows.task_from.
-- name: tasks
SELECT t.*, i.context, i.overrides, i.traceparent, i.tracestate,
    (SELECT max(j.seq) FROM journal AS j WHERE j.task_id = t.task_id)
FROM json_each(:task_ids) AS wanted
CROSS JOIN tasks AS t ON t.task_id = wanted.value
CROSS JOIN task_inputs AS i ON i.task_id = wanted.value;

-- The steps of these tasks that have a record. Columns as in rows.step_from.
-- name: steps
SELECT s.*
FROM json_each(:task_ids) AS wanted
CROSS JOIN steps AS s ON s.task_id = wanted.value;

-- One page, newest first. The range on task_id makes the cursor a seek.
-- name: list_tasks
SELECT *
FROM tasks
WHERE task_id < :below
    AND (:namespace IS NULL OR namespace = :namespace)
    AND (:name IS NULL OR name = :name)
    AND (:version IS NULL OR version = :version)
    AND (:initiator IS NULL OR initiator = :initiator)
    AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
    AND (:created_from IS NULL OR created_at >= :created_from)
    AND (:created_until IS NULL OR created_at < :created_until)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(:tags) AS wanted
        WHERE wanted.value NOT IN (SELECT value FROM json_each(tasks.tags))
    )
    AND (:annotation_type IS NULL OR EXISTS (
        SELECT 1 FROM annotations AS a
        WHERE a.task_id = tasks.task_id AND a.type = :annotation_type
            AND annotation_text(a.annotation, :annotation_key) = :annotation_value
    ))
ORDER BY task_id DESC
LIMIT :limit;

-- The same conditions, counted by state.
-- name: count_tasks
SELECT state, count(*)
FROM tasks
WHERE (:namespace IS NULL OR namespace = :namespace)
    AND (:name IS NULL OR name = :name)
    AND (:version IS NULL OR version = :version)
    AND (:initiator IS NULL OR initiator = :initiator)
    AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
    AND (:created_from IS NULL OR created_at >= :created_from)
    AND (:created_until IS NULL OR created_at < :created_until)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(:tags) AS wanted
        WHERE wanted.value NOT IN (SELECT value FROM json_each(tasks.tags))
    )
    AND (:annotation_type IS NULL OR EXISTS (
        SELECT 1 FROM annotations AS a
        WHERE a.task_id = tasks.task_id AND a.type = :annotation_type
            AND annotation_text(a.annotation, :annotation_key) = :annotation_value
    ))
GROUP BY state;

-- How many tasks there are in each state, as the commits keep it.
-- name: count_all_tasks
SELECT state, tasks FROM task_counts WHERE tasks > 0;

-- Tasks that nobody owns and want to be taken up, and the creation of the oldest: the
-- partial indexes tasks_backlog and tasks_timers.
-- name: ready_tasks
SELECT coalesce(sum(tasks), 0), min(oldest) FROM (
    SELECT count(*) AS tasks, min(created_at) AS oldest FROM tasks
    WHERE owner IS NULL AND wake_at = 0
    UNION ALL
    SELECT count(*), min(created_at) FROM tasks
    WHERE owner IS NULL AND wake_at > 0 AND wake_at <= :now
);

-- name: sleeping_tasks
SELECT count(*) FROM tasks WHERE owner IS NULL AND wake_at > 0 AND wake_at > :now;

-- Steps of tasks that are not done, by state, with how many of them are to be tried
-- again, and how many not yet. A task that is not done is owned, or has a wake_at, or is
-- in error or paused: each has a partial index, and what is done is never looked at.
-- name: undone_steps
SELECT s.state, count(*), count(s.retry_at), coalesce(sum(s.retry_at > :now), 0)
FROM (
    SELECT task_id FROM tasks WHERE owner IS NOT NULL
    UNION
    SELECT task_id FROM tasks WHERE owner IS NULL AND wake_at = 0
    UNION
    SELECT task_id FROM tasks WHERE owner IS NULL AND wake_at > 0
    UNION
    SELECT task_id FROM tasks WHERE state IN ('error', 'paused')
) AS t
CROSS JOIN steps AS s ON s.task_id = t.task_id
GROUP BY s.state;

-- name: history
SELECT seq, at, transitions
FROM journal
WHERE task_id = ? AND seq > ?
ORDER BY seq
LIMIT ?;

-- name: annotations
SELECT type, annotation, at
FROM annotations
WHERE task_id = ?
ORDER BY seq, position;

-- The same of many tasks.
-- name: annotations_of
SELECT a.task_id, a.type, a.annotation, a.at
FROM json_each(:task_ids) AS wanted
CROSS JOIN annotations AS a ON a.task_id = wanted.value
ORDER BY a.task_id, a.seq, a.position;
