"""Whether an engine lives, whether it is ready, and how it stands."""
