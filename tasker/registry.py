"""The definitions that an engine can run: namespace, then name, then version."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from tasker.definitions.definition import DEFAULT_NAMESPACE, Definition
from tasker.definitions.version import latest, sort_versions
from tasker.errors import DefinitionConflictError, UnknownDefinitionError

LATEST = "latest"

_NEAREST_SHOWN = 10


class Bound(Protocol):
    """What is registered: a definition with its handlers, and where it is from."""

    @property
    def definition(self) -> Definition:
        """The definition."""
        ...

    @property
    def source(self) -> str:
        """Where it is from, as ``file:line`` or ``module:line``."""
        ...


B = TypeVar("B", bound=Bound)


class RegistryObserver(Protocol):
    """Hears of what a registry has. Must return at once, and not raise."""

    def registered(self, definition: Definition, source: str) -> None:
        """A definition was registered, maybe in the place of another."""

    def unregistered(self, definition: Definition) -> None:
        """A definition was unregistered."""


class RegistryStatistics(Struct, frozen=True, kw_only=True):
    """How much is registered. ``replaced`` counts definitions kept for running tasks only.

    ``by_namespace`` counts definitions, each version for itself; ``versions`` lists
    them under ``namespace.name``, lowest first.
    """

    namespaces: int
    names: int
    definitions: int
    replaced: int
    by_namespace: dict[str, int]
    versions: dict[str, tuple[str, ...]]


class RegistryHealth(Struct, frozen=True, kw_only=True):
    """Whether every name can be got. ``warnings`` says what a caller may stumble over."""

    healthy: bool
    warnings: tuple[str, ...]


class Registry(Generic[B]):
    """Definitions by namespace, name and version, and by hash.

    Every method may be called from any thread. A definition that was replaced or
    unregistered is no longer got by name, and stays to be found by its hash: the
    tasks that started with it go on with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, dict[str, dict[str, B]]] = {}
        self._by_hash: dict[str, B] = {}
        # Of names asked for without a version: to compare versions takes longer than
        # all else that a submission does here. Emptied by every change.
        self._latest: dict[tuple[str, str, bool], B] = {}
        self.observer: RegistryObserver | None = None
        """Hears of what changes, from the thread that changes it."""

    def register(self, bound: B, *, replace: bool = False) -> B:
        """Add a definition, and return what is registered under its name from now on.

        The same definition again changes nothing: what was registered first stays.

        Raises:
            DefinitionConflictError: Another definition has this namespace, name and
                version, and ``replace`` is False; nothing was changed.
        """
        definition = bound.definition
        digest = definition.hash  # computed outside of the lock
        with self._lock:
            versions = self._entries.setdefault(definition.namespace, {}).setdefault(
                definition.name, {}
            )
            existing = versions.get(definition.version)
            if existing is not None and not replace:
                if existing.definition.hash == digest:
                    return existing
                raise DefinitionConflictError(
                    full_name=definition.full_name,
                    existing=existing.source,
                    incoming=bound.source,
                )
            self._latest.clear()
            versions[definition.version] = bound
            self._by_hash[digest] = bound
        if self.observer is not None:
            self.observer.registered(definition, bound.source)
        return bound

    def get(
        self,
        name: str,
        namespace: str = DEFAULT_NAMESPACE,
        version: str | None = None,
        *,
        prereleases: bool = False,
    ) -> B:
        """Return a definition.

        Args:
            name: The definition's name.
            namespace: Its namespace.
            version: An exact version; None or ``latest`` for the highest one.
            prereleases: Whether the highest one may be a pre-release.

        Raises:
            UnknownDefinitionError: With what is known instead.
        """
        key = (namespace, name, prereleases)
        wants_latest = version is None or version == LATEST
        with self._lock:
            if wants_latest and key in self._latest:
                return self._latest[key]
            versions = self._entries.get(namespace, {}).get(name, {})
            chosen = latest(versions, prereleases=prereleases) if wants_latest else version
            found = versions.get(chosen) if chosen is not None else None
            if found is not None:
                if wants_latest:
                    self._latest[key] = found
                return found
            if versions:
                known = tuple(sort_versions(versions))
            else:
                known = _near(f"{namespace}.{name}", self._full_names())
        raise UnknownDefinitionError(
            namespace=namespace,
            name=name,
            version=version,
            known=known,
            only_prereleases=bool(versions) and chosen is None,
        )

    def find_by_hash(self, digest: str) -> B | None:
        """Return the definition with this hash, even if it was replaced since; or None."""
        with self._lock:
            return self._by_hash.get(digest)

    def list(self, namespace: str | None = None) -> list[B]:
        """Return the definitions, of one namespace or of all, by name and version."""
        with self._lock:
            spaces = sorted(self._entries) if namespace is None else [namespace]
            return [
                self._entries[space][name][version]
                for space in spaces
                for name in sorted(self._entries.get(space, {}))
                for version in sort_versions(self._entries[space][name])
            ]

    def namespaces(self) -> tuple[str, ...]:
        """Return the namespaces that hold definitions, sorted."""
        with self._lock:
            return tuple(sorted(self._entries))

    def unregister(self, name: str, namespace: str, version: str) -> B:
        """Remove one version, so that no new task starts with it, and return it.

        Raises:
            UnknownDefinitionError: It is not registered; nothing was changed.
        """
        with self._lock:
            self._latest.clear()
            versions = self._entries.get(namespace, {}).get(name, {})
            removed = versions.pop(version, None)
            known = tuple(sort_versions(versions))
            if not versions and namespace in self._entries:
                self._entries[namespace].pop(name, None)
                if not self._entries[namespace]:
                    del self._entries[namespace]
        if removed is None:
            raise UnknownDefinitionError(
                namespace=namespace, name=name, version=version, known=known
            )
        if self.observer is not None:
            self.observer.unregistered(removed.definition)
        return removed

    def statistics(self) -> RegistryStatistics:
        """Count what is registered."""
        with self._lock:
            versions = {
                f"{space}.{name}": tuple(sort_versions(found))
                for space, names in sorted(self._entries.items())
                for name, found in sorted(names.items())
            }
            by_namespace = {
                space: sum(len(found) for found in names.values())
                for space, names in sorted(self._entries.items())
            }
            total = sum(by_namespace.values())
            return RegistryStatistics(
                namespaces=len(self._entries),
                names=len(versions),
                definitions=total,
                replaced=len(self._by_hash) - len(self._current_hashes()),
                by_namespace=by_namespace,
                versions=versions,
            )

    def health(self) -> RegistryHealth:
        """Check that tasks can be started with what is registered."""
        with self._lock:
            warnings = [
                f"{space}.{name} has pre-releases only; it is got by exact version alone"
                for space, names in sorted(self._entries.items())
                for name, versions in sorted(names.items())
                if latest(versions) is None
            ]
            if not self._entries:
                warnings.append("no definition is registered; no task can be submitted")
            return RegistryHealth(healthy=bool(self._entries), warnings=tuple(warnings))

    def _current_hashes(self) -> set[str]:
        return {
            bound.definition.hash
            for names in self._entries.values()
            for versions in names.values()
            for bound in versions.values()
        }

    def _full_names(self) -> Iterable[str]:
        return [f"{space}.{name}" for space, names in self._entries.items() for name in names]


def _near(wanted: str, known: Iterable[str]) -> tuple[str, ...]:
    """The most similar names, or some of them when none is similar."""
    names = sorted(known)
    return tuple(difflib.get_close_matches(wanted, names, n=3, cutoff=0.75)) or tuple(
        names[:_NEAREST_SHOWN]
    )
