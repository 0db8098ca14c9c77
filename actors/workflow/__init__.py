"""The workflow rules, pure: no waiting, no clock, no chance, no I/O."""
