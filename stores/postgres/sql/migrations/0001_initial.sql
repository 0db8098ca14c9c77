-- Text that is compared or sorted has the order of its bytes, whatever the database's
-- locale is: pages and claims go by it. Instants are Unix seconds. JSON is kept as text,
-- byte for byte: jsonb refuses U+0000 and forgets the form of numbers.
-- There are no foreign keys; a commit's admission rule has looked already.

-- The head of a task. It is rewritten by every append, so what never changes and may be
-- large stands in task_inputs. Most appends change no column that has an index: with room
-- left on the page, such a change writes to no index (HOT).
CREATE TABLE {schema}.tasks (
    task_id text COLLATE "C" NOT NULL PRIMARY KEY,
    namespace text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    definition_hash text NOT NULL,
    state text NOT NULL,
    priority bigint NOT NULL,
    created_at float8 NOT NULL,
    requested_at float8 NOT NULL,
    started_at float8,
    ended_at float8,
    wake_at float8,
    owner text COLLATE "C",
    epoch bigint NOT NULL,
    initiator text NOT NULL,
    source_system text NOT NULL,
    reason text NOT NULL,
    tags text NOT NULL, -- JSON array
    bypass_steps text NOT NULL, -- JSON array
    identity text COLLATE "C",
    correlation_id text,
    seq bigint NOT NULL -- of its newest append
) WITH (fillfactor = 50);

-- Tasks that nobody owns and that can run at once.
CREATE INDEX tasks_backlog ON {schema}.tasks (priority DESC, task_id)
WHERE owner IS NULL AND wake_at = 0;

-- Tasks that nobody owns and that wait for an instant.
CREATE INDEX tasks_timers ON {schema}.tasks (wake_at, task_id)
WHERE owner IS NULL AND wake_at > 0;

CREATE INDEX tasks_owned ON {schema}.tasks (owner) WHERE owner IS NOT NULL;

-- Tasks that nobody owns, that wait for nothing, and that are not done: with the other
-- partial indexes, all that are not done. Few tasks ever come into it.
CREATE INDEX tasks_halted ON {schema}.tasks (state) WHERE state IN ('error', 'paused');

CREATE UNIQUE INDEX tasks_identity ON {schema}.tasks (identity) WHERE identity IS NOT NULL;

CREATE TABLE {schema}.task_inputs (
    task_id text COLLATE "C" NOT NULL PRIMARY KEY,
    context text NOT NULL, -- JSON object
    overrides text, -- JSON object
    traceparent text,
    tracestate text
);

CREATE TABLE {schema}.steps (
    task_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    state text NOT NULL,
    attempts bigint NOT NULL,
    forgiven bigint NOT NULL,
    retry_limit bigint,
    permanent boolean NOT NULL,
    retry_at float8,
    ready_at float8,
    started_at float8,
    ended_at float8,
    inputs text, -- JSON
    results text, -- JSON
    error text, -- JSON object, an ErrorRecord
    PRIMARY KEY (task_id, name)
) WITH (fillfactor = 50);

-- One row an append; its transitions are a JSON array of objects.
CREATE TABLE {schema}.journal (
    task_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    at float8 NOT NULL,
    transitions text NOT NULL,
    PRIMARY KEY (task_id, seq)
);

CREATE TABLE {schema}.annotations (
    task_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL, -- of its append
    position bigint NOT NULL, -- within its append
    type text COLLATE "C" NOT NULL,
    annotation text NOT NULL, -- JSON object
    at float8 NOT NULL,
    PRIMARY KEY (task_id, seq, position)
);

CREATE TABLE {schema}.annotation_types (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    description text NOT NULL
);

CREATE TABLE {schema}.namespaces (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    description text NOT NULL,
    created_at float8 NOT NULL
);

CREATE TABLE {schema}.definitions (
    hash text COLLATE "C" NOT NULL PRIMARY KEY,
    namespace text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    body text NOT NULL, -- JSON
    created_at float8 NOT NULL
);

CREATE TABLE {schema}.systems (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    description text NOT NULL
);

-- `pair` is the same for both orders of the two objects, which makes a map unique;
-- the columns keep the order in which it was asked for.
CREATE TABLE {schema}.object_maps (
    pair text COLLATE "C" NOT NULL PRIMARY KEY,
    system_one text COLLATE "C" NOT NULL,
    remote_id_one text COLLATE "C" NOT NULL,
    system_two text COLLATE "C" NOT NULL,
    remote_id_two text COLLATE "C" NOT NULL
);

CREATE INDEX object_maps_one ON {schema}.object_maps (system_one, remote_id_one);

CREATE INDEX object_maps_two ON {schema}.object_maps (system_two, remote_id_two);

CREATE TABLE {schema}.commands (
    command_id text COLLATE "C" NOT NULL PRIMARY KEY,
    task_id text NOT NULL,
    operation text NOT NULL,
    arguments text NOT NULL, -- JSON
    created_at float8 NOT NULL,
    outcome text -- JSON object; NULL until it was done
);

CREATE INDEX commands_waiting ON {schema}.commands (created_at, command_id)
WHERE outcome IS NULL;

-- Who works the store, each by a lease; the clock that counts is the server's.
CREATE TABLE {schema}.nodes (
    node_id text COLLATE "C" NOT NULL PRIMARY KEY,
    host text NOT NULL,
    pid bigint NOT NULL,
    started_at float8 NOT NULL,
    version text NOT NULL,
    expires_at timestamptz NOT NULL,
    lag_seconds float8 NOT NULL DEFAULT 0,
    draining boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- One row for each store object that has written, updated by each of its commits and by
-- nobody else, so that commits of several processes never wait for each other here.
-- `commits` tells whether a commit happened whose answer was lost; `changes` how often
-- there was something for other processes to look for. The rest is by how much this
-- writer changed the number of tasks in each state: the sums over all rows are the numbers.
CREATE TABLE {schema}.writers (
    writer_id text COLLATE "C" NOT NULL PRIMARY KEY,
    commits bigint NOT NULL DEFAULT 0,
    changes bigint NOT NULL DEFAULT 0,
    written_at timestamptz NOT NULL DEFAULT now(),
    pending bigint NOT NULL DEFAULT 0,
    in_progress bigint NOT NULL DEFAULT 0,
    paused bigint NOT NULL DEFAULT 0,
    complete bigint NOT NULL DEFAULT 0,
    error bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    resolved_manually bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 30);

-- Durable subscriptions. Commits of several processes end in another order than that of
-- numbers which they took before, so they leave their events in `arrivals`; whoever reads
-- moves what has arrived to `outbox`, one reader at a time, and the positions given there
-- only grow.
CREATE TABLE {schema}.arrivals (
    arrival bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id text NOT NULL,
    at float8 NOT NULL,
    events text NOT NULL -- JSON array of events
);

CREATE TABLE {schema}.outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id text NOT NULL,
    at float8 NOT NULL,
    events text NOT NULL, -- JSON array of events
    subscription text COLLATE "C" -- the only one that it is for; NULL for all
);

CREATE TABLE {schema}.subscriptions (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    events text NOT NULL, -- JSON array of names and patterns
    created_at float8 NOT NULL,
    cursor bigint NOT NULL,
    owner text,
    epoch bigint NOT NULL,
    leased_until float8 NOT NULL,
    suspended text
);

CREATE TABLE {schema}.dead_letters (
    subscription text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    task_id text NOT NULL,
    event text NOT NULL, -- JSON object
    attempts bigint NOT NULL,
    error text NOT NULL,
    at float8 NOT NULL,
    PRIMARY KEY (subscription, event_id)
);

-- Who asked for what; a row is written with the append that does what it tells of.
CREATE TABLE {schema}.actions (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL, -- of its append
    at float8 NOT NULL,
    operation text COLLATE "C" NOT NULL,
    by text COLLATE "C" NOT NULL,
    step text,
    reason text
);

CREATE INDEX actions_by ON {schema}.actions (by, position);

CREATE INDEX actions_task ON {schema}.actions (task_id, position);
