"""Other engines on the same workflows, each a script run in an environment of its own."""
