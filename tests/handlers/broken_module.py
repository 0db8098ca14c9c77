"""A module that cannot be imported, for tests of what is said then."""

import a_module_that_is_not_there  # type: ignore[import-not-found]  # noqa: F401
