-- Whether anything has arrived that has no position yet.
-- name: has_arrivals
SELECT EXISTS (SELECT FROM {schema}.arrivals);

-- One at a time gives positions, until the end of its transaction: so they become visible
-- in their order. Not of the commits that bring the events; they wait for nobody.
-- name: take_turn
SELECT pg_advisory_xact_lock(:key::bigint);

-- Give what has arrived its positions. The appends of one task are recorded one after the
-- other: whoever sees a later one sees the earlier ones, with lower numbers.
-- name: receive
WITH received AS (
    DELETE FROM {schema}.arrivals RETURNING arrival, task_id, at, events
)
INSERT INTO {schema}.outbox (task_id, at, events)
SELECT task_id, at, events FROM received ORDER BY arrival;

-- name: put_subscription
INSERT INTO {schema}.subscriptions (
    name, events, created_at, cursor, owner, epoch, leased_until
)
VALUES (:name, :events, :created_at, :cursor, NULL, 0, 0)
ON CONFLICT (name) DO UPDATE SET events = excluded.events;

-- The last position that was given, whether or not its entry is there yet.
-- name: last_position
SELECT coalesce(
    pg_sequence_last_value(pg_get_serial_sequence(:table::text, 'position')::regclass), 0
);

-- name: delete_subscription
DELETE FROM {schema}.subscriptions WHERE name = :name RETURNING name;

-- name: subscriptions
SELECT name, events, created_at, cursor, owner, epoch, leased_until, suspended,
    (
        SELECT count(*) FROM {schema}.outbox AS o
        WHERE o.position > s.cursor AND (o.subscription IS NULL OR o.subscription = s.name)
    ) + (SELECT count(*) FROM {schema}.arrivals),
    (SELECT count(*) FROM {schema}.dead_letters AS d WHERE d.subscription = s.name)
FROM {schema}.subscriptions AS s
ORDER BY name;

-- name: wanted_events
SELECT name, events FROM {schema}.subscriptions ORDER BY name;

-- name: suspend_subscription
UPDATE {schema}.subscriptions SET suspended = :reason WHERE name = :name RETURNING name;

-- The right-hand sides see the row as it was.
-- name: lease_subscription
UPDATE {schema}.subscriptions
SET owner = :owner,
    epoch = epoch + (owner IS DISTINCT FROM :owner)::int,
    leased_until = :until
WHERE name = :name AND (owner IS NULL OR owner = :owner OR leased_until <= :now)
RETURNING name, events, created_at, cursor, owner, epoch, leased_until, suspended;

-- name: release_subscription
UPDATE {schema}.subscriptions SET owner = NULL WHERE name = :name AND epoch = :epoch;

-- name: free_leases
UPDATE {schema}.subscriptions SET owner = NULL WHERE owner = :node_id;

-- name: read_outbox
SELECT position, task_id, events, subscription
FROM {schema}.outbox
WHERE position > :after AND (subscription IS NULL OR subscription = :name)
ORDER BY position
LIMIT :limit;

-- name: advance
UPDATE {schema}.subscriptions SET cursor = greatest(cursor, :cursor)
WHERE name = :name AND epoch = :epoch
RETURNING name;

-- name: put_dead_letters
INSERT INTO {schema}.dead_letters (
    subscription, event_id, task_id, event, attempts, error, at
)
SELECT * FROM unnest(
    :subscription::text[], :event_id::text[], :task_id::text[], :event::text[],
    :attempts::bigint[], :error::text[], :at::float8[]
)
ON CONFLICT (subscription, event_id) DO UPDATE SET
    task_id = excluded.task_id, event = excluded.event, attempts = excluded.attempts,
    error = excluded.error, at = excluded.at;

-- name: dead_letters
SELECT subscription, event_id, task_id, event, attempts, error, at
FROM {schema}.dead_letters
WHERE :name::text IS NULL OR subscription = :name
ORDER BY at, subscription, event_id
LIMIT :limit;

-- name: redeliver
WITH taken AS (
    DELETE FROM {schema}.dead_letters
    WHERE subscription = :name
        AND (:event_ids::text[] IS NULL OR event_id = ANY (:event_ids))
    RETURNING subscription, event_id, task_id, event, at
)
INSERT INTO {schema}.outbox (task_id, at, events, subscription)
SELECT task_id, :at::float8, '[' || event || ']', subscription
FROM taken
ORDER BY taken.at, event_id
RETURNING position;

-- name: delete_dead_letters
DELETE FROM {schema}.dead_letters
WHERE subscription = :name AND (:event_ids::text[] IS NULL OR event_id = ANY (:event_ids))
RETURNING event_id;

-- Delete of the oldest entries what may go, and tell whether somebody still waited for it.
-- name: prune_outbox
WITH oldest AS MATERIALIZED (
    SELECT position, at, EXISTS (
        SELECT FROM {schema}.subscriptions AS s
        WHERE s.cursor < o.position AND (o.subscription IS NULL OR o.subscription = s.name)
    ) AS wanted
    FROM {schema}.outbox AS o
    ORDER BY position
    LIMIT :limit
)
DELETE FROM {schema}.outbox AS o
USING oldest
WHERE o.position = oldest.position AND (oldest.at < :before OR NOT oldest.wanted)
RETURNING oldest.wanted;
