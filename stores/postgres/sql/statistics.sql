-- A page of tasks with the instants of their steps and failures, as JSON arrays in the
-- order of the fields in times.py: thousands of rows in one value.
--
-- `looked` is bounded before anything is compared, so that a filter which hardly anything
-- matches cannot make one read long; `page` ends with the task that brings the steps to
-- their limit. U+0000 in a text is replaced where JSON is looked into: text cannot hold it.
-- name: task_times
WITH looked AS MATERIALIZED (
    SELECT task_id, namespace, name, version, definition_hash, state,
        floor(created_at * 1e6 + 0.5)::bigint AS created_us,
        floor(started_at * 1e6 + 0.5)::bigint AS started_us,
        floor(ended_at * 1e6 + 0.5)::bigint AS ended_us,
        (:namespace::text IS NULL OR namespace = :namespace)
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
            )) AS matches
    FROM {schema}.tasks AS t
    WHERE task_id > :after AND (:before::text IS NULL OR task_id < :before)
    ORDER BY task_id
    LIMIT :limit
),
counted AS MATERIALIZED (
    SELECT *, CASE WHEN matches
        THEN (SELECT count(*) FROM {schema}.steps AS s WHERE s.task_id = looked.task_id) ELSE 0
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
    (json_agg(json_build_array(
        task_id, namespace, name, version, definition_hash, state,
        created_us, started_us, ended_us,
        coalesce((
            SELECT json_agg(json_build_array(
                s.name, s.state, s.attempts,
                floor(s.ready_at * 1e6 + 0.5)::bigint,
                floor(s.started_at * 1e6 + 0.5)::bigint,
                floor(s.ended_at * 1e6 + 0.5)::bigint
            ))
            FROM {schema}.steps AS s
            WHERE s.task_id = page.task_id
        ), '[]'::json),
        CASE WHEN EXISTS (
            SELECT FROM {schema}.steps AS s
            WHERE s.task_id = page.task_id AND (s.attempts > 1 OR s.error IS NOT NULL)
        ) THEN coalesce((
            SELECT json_agg(json_build_array(
                moved.value ->> 'step',
                moved.value -> 'attempt',
                floor(j.at * 1e6 + 0.5)::bigint,
                moved.value -> 'detail' ->> 'error_class',
                coalesce((moved.value -> 'detail' ->> 'permanent')::boolean, false)
            ) ORDER BY j.seq, moved.place)
            FROM {schema}.journal AS j, json_array_elements(
                replace(j.transitions, '\u0000', '\ufffd')::json
            ) WITH ORDINALITY AS moved (value, place)
            WHERE j.task_id = page.task_id
                AND moved.value ->> 'to_state' = 'error'
                AND moved.value ->> 'step' IS NOT NULL
        ), '[]'::json) ELSE '[]'::json END
    )) FILTER (WHERE matches))::text
FROM page
WHERE earlier < :steps_limit;
