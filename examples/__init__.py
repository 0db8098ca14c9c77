"""Examples of Tasker, each run by one command: see README.md."""
