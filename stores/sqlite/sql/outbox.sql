-- name: put_subscription
INSERT INTO subscriptions (name, events, created_at, cursor, owner, epoch, leased_until)
VALUES (
    :name, :events, :created_at,
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0), NULL, 0, 0
)
ON CONFLICT (name) DO UPDATE SET events = excluded.events;

-- name: delete_subscription
DELETE FROM subscriptions WHERE name = ?;

-- name: subscriptions
SELECT name, events, created_at, cursor, owner, epoch, leased_until, suspended,
    (
        SELECT count(*) FROM outbox AS o
        WHERE o.position > s.cursor AND (o.subscription IS NULL OR o.subscription = s.name)
    ),
    (SELECT count(*) FROM dead_letters AS d WHERE d.subscription = s.name)
FROM subscriptions AS s
ORDER BY name;

-- name: wanted_events
SELECT name, events FROM subscriptions ORDER BY name;

-- name: suspend_subscription
UPDATE subscriptions SET suspended = :reason WHERE name = :name;

-- The right-hand sides see the row as it was.
-- name: lease_subscription
UPDATE subscriptions
SET owner = :owner, epoch = epoch + (owner IS NOT :owner), leased_until = :until
WHERE name = :name AND (owner IS NULL OR owner = :owner OR leased_until <= :now)
RETURNING name, events, created_at, cursor, owner, epoch, leased_until, suspended;

-- name: release_subscription
UPDATE subscriptions SET owner = NULL WHERE name = :name AND epoch = :epoch;

-- Leases of the node that worked the store before: its lock is free, so it is dead.
-- name: free_former
UPDATE subscriptions SET owner = NULL
WHERE owner IN (SELECT node_id FROM node) AND owner <> :node_id;

-- name: free_leases
UPDATE subscriptions SET owner = NULL WHERE owner = :node_id;

-- name: read_outbox
SELECT position, task_id, events, subscription
FROM outbox
WHERE position > :after AND (subscription IS NULL OR subscription = :name)
ORDER BY position
LIMIT :limit;

-- name: advance
UPDATE subscriptions SET cursor = max(cursor, :cursor) WHERE name = :name AND epoch = :epoch;

-- name: put_dead_letter
REPLACE INTO dead_letters (subscription, event_id, task_id, event, attempts, error, at)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: dead_letters
SELECT subscription, event_id, task_id, event, attempts, error, at
FROM dead_letters
WHERE :name IS NULL OR subscription = :name
ORDER BY at, subscription, event_id
LIMIT :limit;

-- name: redeliver
INSERT INTO outbox (task_id, at, events, subscription)
SELECT task_id, :at, '[' || event || ']', subscription
FROM dead_letters
WHERE subscription = :name
    AND (:event_ids IS NULL OR event_id IN (SELECT value FROM json_each(:event_ids)))
ORDER BY at, event_id;

-- name: delete_dead_letters
DELETE FROM dead_letters
WHERE subscription = :name
    AND (:event_ids IS NULL OR event_id IN (SELECT value FROM json_each(:event_ids)));

-- Which of the oldest entries may go, and whether somebody still waits for each. What
-- may go is the oldest, so no more than those are looked at.
-- name: prunable
WITH oldest AS MATERIALIZED (
    SELECT position, at, EXISTS (
        SELECT 1 FROM subscriptions AS s
        WHERE s.cursor < o.position AND (o.subscription IS NULL OR o.subscription = s.name)
    ) AS wanted
    FROM outbox AS o
    ORDER BY position
    LIMIT :limit
)
SELECT position, wanted FROM oldest WHERE at < :before OR NOT wanted;

-- name: delete_entry
DELETE FROM outbox WHERE position = ?;
