-- A command that is posted again is the same command.
-- name: post_command
INSERT INTO {schema}.commands (command_id, task_id, operation, arguments, created_at, outcome)
VALUES (:command_id, :task_id, :operation, :arguments, :created_at, :outcome)
ON CONFLICT (command_id) DO NOTHING;

-- name: waiting_commands
SELECT c.command_id, c.task_id, c.operation, c.arguments, c.created_at, c.outcome
FROM {schema}.commands AS c
LEFT JOIN {schema}.tasks AS t ON t.task_id = c.task_id
WHERE c.outcome IS NULL AND (t.owner IS NULL OR t.owner = :node_id)
ORDER BY c.created_at, c.command_id
LIMIT :limit;

-- name: finish_command
UPDATE {schema}.commands SET outcome = :outcome
WHERE command_id = :command_id AND outcome IS NULL;

-- name: get_command
SELECT command_id, task_id, operation, arguments, created_at, outcome
FROM {schema}.commands WHERE command_id = :command_id;

-- name: prune_commands
DELETE FROM {schema}.commands
WHERE outcome IS NOT NULL AND created_at < :before
RETURNING command_id;
