-- The hot tables are WITHOUT ROWID: a row is found and written in one b-tree.
-- There are no foreign keys; a commit's admission rule has looked already.

-- The head of a task. It is rewritten at every change of the task's state, so
-- what never changes and may be large stands in task_inputs.
CREATE TABLE tasks (
    task_id TEXT NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    definition_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    created_at REAL NOT NULL,
    requested_at REAL NOT NULL,
    started_at REAL,
    ended_at REAL,
    wake_at REAL,
    owner TEXT,
    epoch INTEGER NOT NULL,
    initiator TEXT NOT NULL,
    source_system TEXT NOT NULL,
    reason TEXT NOT NULL,
    tags TEXT NOT NULL, -- JSON array
    bypass_steps TEXT NOT NULL, -- JSON array
    identity TEXT
) STRICT, WITHOUT ROWID;

-- Tasks that nobody owns and that can run at once.
CREATE INDEX tasks_backlog ON tasks (priority DESC, task_id)
WHERE owner IS NULL AND wake_at = 0;

-- Tasks that nobody owns and that wait for an instant.
CREATE INDEX tasks_timers ON tasks (wake_at)
WHERE owner IS NULL AND wake_at > 0;

CREATE INDEX tasks_owned ON tasks (owner) WHERE owner IS NOT NULL;

CREATE UNIQUE INDEX tasks_identity ON tasks (identity) WHERE identity IS NOT NULL;

CREATE TABLE task_inputs (
    task_id TEXT NOT NULL PRIMARY KEY,
    context TEXT NOT NULL, -- JSON object
    overrides TEXT -- JSON object
) STRICT, WITHOUT ROWID;

CREATE TABLE steps (
    task_id TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    forgiven INTEGER NOT NULL,
    retry_limit INTEGER,
    permanent INTEGER NOT NULL,
    retry_at REAL,
    ready_at REAL,
    started_at REAL,
    ended_at REAL,
    inputs TEXT, -- JSON
    results TEXT, -- JSON
    error TEXT, -- JSON object, an ErrorRecord
    PRIMARY KEY (task_id, name)
) STRICT, WITHOUT ROWID;

-- One row an append; its transitions are a JSON array of objects.
CREATE TABLE journal (
    task_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    transitions TEXT NOT NULL,
    PRIMARY KEY (task_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE annotations (
    task_id TEXT NOT NULL,
    seq INTEGER NOT NULL, -- of its append
    position INTEGER NOT NULL, -- within its append
    type TEXT NOT NULL,
    annotation TEXT NOT NULL, -- JSON object
    at REAL NOT NULL,
    PRIMARY KEY (task_id, seq, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE annotation_types (
    name TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE namespaces (
    name TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE definitions (
    hash TEXT NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    body TEXT NOT NULL, -- JSON
    created_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE systems (
    name TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- `pair` is the same for both orders of the two objects, which makes a map unique;
-- the columns keep the order in which it was asked for.
CREATE TABLE object_maps (
    pair TEXT NOT NULL PRIMARY KEY,
    system_one TEXT NOT NULL,
    remote_id_one TEXT NOT NULL,
    system_two TEXT NOT NULL,
    remote_id_two TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX object_maps_one ON object_maps (system_one, remote_id_one);

CREATE INDEX object_maps_two ON object_maps (system_two, remote_id_two);

CREATE TABLE commands (
    command_id TEXT NOT NULL PRIMARY KEY,
    task_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    arguments TEXT NOT NULL, -- JSON
    created_at REAL NOT NULL,
    outcome TEXT -- JSON object; NULL until it was done
) STRICT, WITHOUT ROWID;

CREATE INDEX commands_waiting ON commands (created_at, command_id) WHERE outcome IS NULL;

-- Who works the store, for others to name. Whether it is alive, the lock file says.
CREATE TABLE node (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    node_id TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at REAL NOT NULL
) STRICT;

CREATE TABLE probes (
    probe_id INTEGER PRIMARY KEY,
    filler BLOB NOT NULL
) STRICT;
