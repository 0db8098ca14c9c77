-- Who asked for what. The position says the order of commits, since there is one writer
-- at a time; a row is written with the append that does what it tells of.
CREATE TABLE actions (
    position INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL,
    seq INTEGER NOT NULL, -- of its append
    at REAL NOT NULL,
    operation TEXT NOT NULL,
    by TEXT NOT NULL,
    step TEXT,
    reason TEXT
) STRICT;

CREATE INDEX actions_by ON actions (by);

CREATE INDEX actions_task ON actions (task_id);
