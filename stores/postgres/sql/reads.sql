-- Whole tasks, each with its steps as JSON arrays in the order of rows.StoredStep: one
-- statement is one view of the database, and a task and its steps are of one moment.
-- name: tasks
SELECT t.*, i.context, i.overrides, i.traceparent, i.tracestate,
    (
        SELECT json_agg(json_build_array(
            s.name, s.state, s.attempts, s.forgiven, s.retry_limit, s.permanent, s.retry_at,
            s.ready_at, s.started_at, s.ended_at, s.inputs, s.results, s.error
        ))::text
        FROM {schema}.steps AS s
        WHERE s.task_id = t.task_id
    )
FROM {schema}.tasks AS t
JOIN {schema}.task_inputs AS i ON i.task_id = t.task_id
WHERE t.task_id = ANY (:task_ids::text[]);

-- One page, newest first. The range on task_id makes the cursor a seek.
-- name: list_tasks
SELECT *
FROM {schema}.tasks AS t
WHERE (:below::text IS NULL OR task_id < :below)
    AND (:namespace::text IS NULL OR namespace = :namespace)
    AND (:name::text IS NULL OR name = :name)
    AND (:version::text IS NULL OR version = :version)
    AND (:initiator::text IS NULL OR initiator = :initiator)
    AND (:states::text[] IS NULL OR state = ANY (:states))
    AND (:created_from::float8 IS NULL OR created_at >= :created_from)
    AND (:created_until::float8 IS NULL OR created_at < :created_until)
    AND (:tags::text = '[]' OR t.tags::jsonb @> :tags::jsonb)
    AND (:annotation_type::text IS NULL OR EXISTS (
        SELECT FROM {schema}.annotations AS a
        WHERE a.task_id = t.task_id AND a.type = :annotation_type
            AND replace(a.annotation, '\u0000', '\ufffd')::json ->> :annotation_key::text
                = :annotation_value::text
    ))
ORDER BY task_id DESC
LIMIT :limit;

-- The same conditions, counted by state.
-- name: count_tasks
SELECT state, count(*)
FROM {schema}.tasks AS t
WHERE (:namespace::text IS NULL OR namespace = :namespace)
    AND (:name::text IS NULL OR name = :name)
    AND (:version::text IS NULL OR version = :version)
    AND (:initiator::text IS NULL OR initiator = :initiator)
    AND (:states::text[] IS NULL OR state = ANY (:states))
    AND (:created_from::float8 IS NULL OR created_at >= :created_from)
    AND (:created_until::float8 IS NULL OR created_at < :created_until)
    AND (:tags::text = '[]' OR t.tags::jsonb @> :tags::jsonb)
    AND (:annotation_type::text IS NULL OR EXISTS (
        SELECT FROM {schema}.annotations AS a
        WHERE a.task_id = t.task_id AND a.type = :annotation_type
            AND replace(a.annotation, '\u0000', '\ufffd')::json ->> :annotation_key::text
                = :annotation_value::text
    ))
GROUP BY state;

-- How many tasks there are in each state, as the commits keep it.
-- name: count_all_tasks
SELECT coalesce(sum(pending), 0)::bigint AS pending,
    coalesce(sum(in_progress), 0)::bigint AS in_progress,
    coalesce(sum(paused), 0)::bigint AS paused,
    coalesce(sum(complete), 0)::bigint AS complete,
    coalesce(sum(error), 0)::bigint AS error,
    coalesce(sum(cancelled), 0)::bigint AS cancelled,
    coalesce(sum(resolved_manually), 0)::bigint AS resolved_manually
FROM {schema}.writers;

-- Tasks that nobody owns and want to be taken up, the creation of the oldest, and those
-- that sleep: the partial indexes tasks_backlog and tasks_timers. Then the steps of tasks
-- that are not done, by state, as JSON, with how many of them are to be tried again, and
-- how many not yet. A task that is not done is owned, or has a wake_at, or is in error or
-- paused: each has a partial index, and what is done is never looked at.
-- name: workload
WITH waiting AS (
    SELECT count(*) AS tasks, min(created_at) AS oldest FROM {schema}.tasks
    WHERE owner IS NULL AND wake_at = 0
    UNION ALL
    SELECT count(*), min(created_at) FROM {schema}.tasks
    WHERE owner IS NULL AND wake_at > 0 AND wake_at <= :now
),
undone AS (
    SELECT task_id FROM {schema}.tasks WHERE owner IS NOT NULL
    UNION
    SELECT task_id FROM {schema}.tasks WHERE owner IS NULL AND wake_at = 0
    UNION
    SELECT task_id FROM {schema}.tasks WHERE owner IS NULL AND wake_at > 0
    UNION
    SELECT task_id FROM {schema}.tasks WHERE state IN ('error', 'paused')
),
counted AS (
    SELECT s.state, count(*) AS steps, count(s.retry_at) AS retryable,
        count(*) FILTER (WHERE s.retry_at > :now) AS in_backoff
    FROM undone JOIN {schema}.steps AS s ON s.task_id = undone.task_id
    GROUP BY s.state
)
SELECT
    (SELECT sum(tasks)::bigint FROM waiting),
    (SELECT min(oldest) FROM waiting),
    (
        SELECT count(*) FROM {schema}.tasks
        WHERE owner IS NULL AND wake_at > 0 AND wake_at > :now
    ),
    (SELECT json_agg(json_build_array(state, steps, retryable, in_backoff))::text FROM counted);

-- name: history
SELECT seq, at, transitions
FROM {schema}.journal
WHERE task_id = :task_id AND seq > :after_seq
ORDER BY seq
LIMIT :limit;

-- name: annotations
SELECT task_id, type, annotation, at
FROM {schema}.annotations
WHERE task_id = ANY (:task_ids::text[])
ORDER BY task_id, seq, position;

-- Those of some tasks that there are.
-- name: those_there
SELECT task_id FROM {schema}.tasks WHERE task_id = ANY (:task_ids::text[]);
