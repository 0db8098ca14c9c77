"""The command ``tasker``."""

from tasker.cli.app import main

__all__ = ["main"]
