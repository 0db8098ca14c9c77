-- A command that is posted again is the same command.
-- name: post_command
INSERT OR IGNORE INTO commands (command_id, task_id, operation, arguments, created_at, outcome)
VALUES (?, ?, ?, ?, ?, ?);

-- name: waiting_commands
SELECT command_id, task_id, operation, arguments, created_at, outcome
FROM commands
WHERE outcome IS NULL
ORDER BY created_at, command_id
LIMIT ?;

-- name: finish_command
UPDATE commands SET outcome = ? WHERE command_id = ? AND outcome IS NULL;

-- name: get_command
SELECT command_id, task_id, operation, arguments, created_at, outcome
FROM commands WHERE command_id = ?;

-- name: prune_commands
DELETE FROM commands WHERE outcome IS NOT NULL AND created_at < ?;
