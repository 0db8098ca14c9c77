-- What joins a task with the request that caused it. The trace context never changes
-- and is seldom read, so it stands beside the context.
ALTER TABLE tasks ADD COLUMN correlation_id TEXT;

ALTER TABLE task_inputs ADD COLUMN traceparent TEXT;

ALTER TABLE task_inputs ADD COLUMN tracestate TEXT;
