-- name: put_definition
INSERT INTO {schema}.definitions (hash, namespace, name, version, body, created_at)
VALUES (:hash, :namespace, :name, :version, :body, :created_at)
ON CONFLICT (hash) DO NOTHING;

-- name: get_definition
SELECT hash, namespace, name, version, body, created_at
FROM {schema}.definitions WHERE hash = :hash;

-- name: put_namespace
INSERT INTO {schema}.namespaces AS n (name, description, created_at)
VALUES (:name, :description, :created_at)
ON CONFLICT (name) DO UPDATE SET description = excluded.description
WHERE excluded.description <> '';

-- name: namespaces
SELECT name, description, created_at FROM {schema}.namespaces ORDER BY name;

-- name: put_annotation_type
INSERT INTO {schema}.annotation_types (name, description) VALUES (:name, :description)
ON CONFLICT (name) DO UPDATE SET description = excluded.description
WHERE excluded.description <> '';

-- name: annotation_types
SELECT name, description FROM {schema}.annotation_types ORDER BY name;

-- name: put_system
INSERT INTO {schema}.systems (name, description) VALUES (:name, :description)
ON CONFLICT (name) DO UPDATE SET description = excluded.description
WHERE excluded.description <> '';

-- name: systems
SELECT name, description FROM {schema}.systems ORDER BY name;

-- The systems of a new map, in order, so that two callers at once do not wait in a circle.
-- name: know_systems
INSERT INTO {schema}.systems (name, description)
SELECT DISTINCT new.name, '' FROM unnest(:names::text[]) AS new (name) ORDER BY new.name
ON CONFLICT (name) DO NOTHING;

-- name: find_object_map
SELECT system_one, remote_id_one, system_two, remote_id_two
FROM {schema}.object_maps WHERE pair = :pair;

-- The first of two callers at once makes it; the other waits, and gets nothing back.
-- name: insert_object_map
INSERT INTO {schema}.object_maps (pair, system_one, remote_id_one, system_two, remote_id_two)
VALUES (:pair, :system_one, :remote_id_one, :system_two, :remote_id_two)
ON CONFLICT (pair) DO NOTHING;

-- UNION, for a map may join an object with itself.
-- name: object_maps
SELECT system_one, remote_id_one, system_two, remote_id_two
FROM {schema}.object_maps WHERE system_one = :system AND remote_id_one = :remote_id
UNION
SELECT system_one, remote_id_one, system_two, remote_id_two
FROM {schema}.object_maps WHERE system_two = :system AND remote_id_two = :remote_id;
