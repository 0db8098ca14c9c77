-- Durable subscriptions. A commit writes here only what somebody subscribed to. The
-- position says the order of commits, since there is one writer at a time;
-- AUTOINCREMENT, so that none is used again when the newest entries are deleted.
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL,
    at REAL NOT NULL,
    events TEXT NOT NULL, -- JSON array of events
    subscription TEXT -- the only one that it is for; NULL for all
) STRICT;

CREATE TABLE subscriptions (
    name TEXT NOT NULL PRIMARY KEY,
    events TEXT NOT NULL, -- JSON array of names and patterns
    created_at REAL NOT NULL,
    cursor INTEGER NOT NULL,
    owner TEXT,
    epoch INTEGER NOT NULL,
    leased_until REAL NOT NULL,
    suspended TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters (
    subscription TEXT NOT NULL,
    event_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    event TEXT NOT NULL, -- JSON object
    attempts INTEGER NOT NULL,
    error TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (subscription, event_id)
) STRICT, WITHOUT ROWID;
