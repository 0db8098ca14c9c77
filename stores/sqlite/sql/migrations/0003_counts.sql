-- How many tasks are in each state, kept by the commits that change it: to count a
-- million rows takes a second.
CREATE TABLE task_counts (
    state TEXT NOT NULL PRIMARY KEY,
    tasks INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO task_counts SELECT state, count(*) FROM tasks GROUP BY state;

-- Tasks that nobody owns, that wait for nothing, and that are not done: with the other
-- partial indexes, all that are not done. Few tasks ever come into it.
CREATE INDEX tasks_halted ON tasks (state) WHERE state IN ('error', 'paused');
