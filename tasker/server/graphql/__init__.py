"""GraphQL of the sidecar. The other modules of this folder need the extra ``graphql``."""

from importlib.util import find_spec

NEEDED = ("strawberry", "graphql", "wsproto")
"""What the extra brings."""


def is_installed() -> bool:
    """Whether what the extra ``graphql`` brings is there."""
    return all(find_spec(name) is not None for name in NEEDED)
