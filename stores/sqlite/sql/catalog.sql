-- name: put_definition
INSERT OR IGNORE INTO definitions (hash, namespace, name, version, body, created_at)
VALUES (?, ?, ?, ?, ?, ?);

-- name: get_definition
SELECT hash, namespace, name, version, body, created_at FROM definitions WHERE hash = ?;

-- name: put_namespace
INSERT INTO namespaces (name, description, created_at) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET description = excluded.description
WHERE excluded.description <> '';

-- name: namespaces
SELECT name, description, created_at FROM namespaces ORDER BY name;

-- name: put_annotation_type
INSERT INTO annotation_types (name, description) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET description = excluded.description
WHERE excluded.description <> '';

-- name: annotation_types
SELECT name, description FROM annotation_types ORDER BY name;

-- name: put_system
INSERT INTO systems (name, description) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET description = excluded.description
WHERE excluded.description <> '';

-- name: systems
SELECT name, description FROM systems ORDER BY name;

-- name: know_system
INSERT OR IGNORE INTO systems (name, description) VALUES (?, '');

-- name: find_object_map
SELECT system_one, remote_id_one, system_two, remote_id_two FROM object_maps WHERE pair = ?;

-- name: insert_object_map
INSERT INTO object_maps (pair, system_one, remote_id_one, system_two, remote_id_two)
VALUES (?, ?, ?, ?, ?);

-- UNION, for a map may join an object with itself.
-- name: object_maps
SELECT system_one, remote_id_one, system_two, remote_id_two
FROM object_maps WHERE system_one = :system AND remote_id_one = :remote_id
UNION
SELECT system_one, remote_id_one, system_two, remote_id_two
FROM object_maps WHERE system_two = :system AND remote_id_two = :remote_id;
