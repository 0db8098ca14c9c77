-- A page of tasks with the instants of their steps and failures, as JSON arrays in
-- the order of the fields in times.py. All of the page is one value: a row for each
-- step would have this thread ask for the interpreter's lock once a row, which a
-- busy event loop lets go of only every few milliseconds.
--
-- `looked` is bounded before anything is compared, so that a filter which hardly
-- anything matches cannot make one read long; `page` ends with the task that brings
-- the steps to their limit.
-- name: task_times
WITH looked AS MATERIALIZED (
    SELECT task_id, namespace, name, version, definition_hash, state,
        CAST(created_at * 1e6 + 0.5 AS INTEGER) AS created_us,
        CAST(started_at * 1e6 + 0.5 AS INTEGER) AS started_us,
        CAST(ended_at * 1e6 + 0.5 AS INTEGER) AS ended_us,
        (:namespace IS NULL OR namespace = :namespace)
            AND (:name IS NULL OR name = :name)
            AND (:version IS NULL OR version = :version)
            AND (:initiator IS NULL OR initiator = :initiator)
            AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
            AND (:created_from IS NULL OR created_at >= :created_from)
            AND (:created_until IS NULL OR created_at < :created_until)
            AND (:tags = '[]' OR NOT EXISTS (
                SELECT 1 FROM json_each(:tags) AS wanted
                WHERE wanted.value NOT IN (SELECT value FROM json_each(tasks.tags))
            ))
            AND (:annotation_type IS NULL OR EXISTS (
                SELECT 1 FROM annotations AS a
                WHERE a.task_id = tasks.task_id AND a.type = :annotation_type
                    AND annotation_text(a.annotation, :annotation_key) = :annotation_value
            )) AS matches
    FROM tasks
    WHERE task_id > :after AND task_id < :before
    ORDER BY task_id
    LIMIT :limit
),
counted AS MATERIALIZED (
    SELECT *, CASE WHEN matches
        THEN (SELECT count(*) FROM steps AS s WHERE s.task_id = looked.task_id) ELSE 0
        END AS step_count
    FROM looked
),
page AS (
    SELECT *,
        sum(step_count) OVER (ORDER BY task_id ROWS UNBOUNDED PRECEDING) - step_count AS earlier
    FROM counted
)
SELECT
    (SELECT count(*) FROM looked),
    count(*),
    max(task_id),
    json_group_array(json_array(
        task_id, namespace, name, version, definition_hash, state,
        created_us, started_us, ended_us,
        json((
            SELECT json_group_array(json_array(
                s.name, s.state, s.attempts,
                CAST(s.ready_at * 1e6 + 0.5 AS INTEGER),
                CAST(s.started_at * 1e6 + 0.5 AS INTEGER),
                CAST(s.ended_at * 1e6 + 0.5 AS INTEGER)
            ))
            FROM steps AS s
            WHERE s.task_id = page.task_id
        )),
        json(CASE WHEN EXISTS (
            SELECT 1 FROM steps AS s
            WHERE s.task_id = page.task_id AND (s.attempts > 1 OR s.error IS NOT NULL)
        ) THEN (
            SELECT json_group_array(json_array(
                json_extract(moved.value, '$.step'),
                json_extract(moved.value, '$.attempt'),
                CAST(j.at * 1e6 + 0.5 AS INTEGER),
                json_extract(moved.value, '$.detail.error_class'),
                json(iif(json_extract(moved.value, '$.detail.permanent'), 'true', 'false'))
            ))
            FROM journal AS j, json_each(j.transitions) AS moved
            WHERE j.task_id = page.task_id
                AND json_extract(moved.value, '$.to_state') = 'error'
                AND json_extract(moved.value, '$.step') IS NOT NULL
        ) ELSE '[]' END)
    )) FILTER (WHERE matches)
FROM page
WHERE earlier < :steps_limit;
