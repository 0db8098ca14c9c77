"""How fast Tasker is, and beside what; the README says why to distrust it."""
