"""The runtime: actors, supervision, the journal, and the workflow rules that they drive."""
