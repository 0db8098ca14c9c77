"""The pages for people: files that a browser is given, and nothing else."""
