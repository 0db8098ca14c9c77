-- One page, newest first. The position is part of every index, so each gives the order.
-- name: audit
SELECT a.position, a.operation, a.by, a.step, a.reason, a.task_id, t.namespace, t.name, a.seq, a.at
FROM {schema}.actions AS a
JOIN {schema}.tasks AS t ON t.task_id = a.task_id
WHERE a.position < :below
    AND (:by::text IS NULL OR a.by = :by)
    AND (:task_id::text IS NULL OR a.task_id = :task_id)
    AND (:operation::text IS NULL OR a.operation = :operation)
    AND (:namespace::text IS NULL OR t.namespace = :namespace)
    AND (:at_from::float8 IS NULL OR a.at >= :at_from)
    AND (:at_until::float8 IS NULL OR a.at < :at_until)
ORDER BY a.position DESC
LIMIT :limit;
