"""The root of every error of Tasker, and the errors that a store raises.

    TaskerError
    ├── CacheError
    │   ├── CacheUnavailableError      the cache did not do what was asked, or not in time
    │   ├── CacheUrlError              the URL names no cache
    │   └── CacheCapabilityError       the cache cannot do what it is declared to do
    ├── StaleFenceError                the writer is no longer elected
    ├── MissingExtraError              an optional package is not installed
    └── StoreError
        ├── StoreUnavailableError      the database cannot be used just now
        ├── StoreClosedError           the store was not opened, or is closed
        ├── StoreMissingError          there is no such database, and none may be made
        ├── StoreInUseError            another engine works this store
        ├── StoreVersionError          written by a newer version of Tasker
        ├── ForeignDatabaseError       the database is not one of Tasker's
        ├── StoreUrlError              the URL names no store
        ├── TransactionError           a connection that no task can be submitted through
        ├── StaleLeaseError            the writer no longer owns the task
        ├── LeaseLostError             the node's lease has run out
        ├── NotHereError               another node has the task
        ├── AppendConflictError        the task has moved on since it was read
        ├── DuplicateIdentityError     a task with this identity exists
        └── EncodingError              a value cannot be stored
            └── SizeLimitError         a value is larger than the limit

``tasker.errors`` exports all of them beside its own; they live here because
this room may import nothing of ours.
"""

from __future__ import annotations

from typing import Any


class TaskerError(Exception):
    """Root of every error that Tasker raises on purpose.

    Subclasses take their facts as keyword arguments, keep them as attributes
    and make the text from them. Every error survives pickling.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return (_revive, (type(self), str(self), self.__dict__))


def _revive(kind: type[TaskerError], text: str, facts: dict[str, Any]) -> TaskerError:
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    error.__dict__.update(facts)
    return error


class MissingExtraError(TaskerError):
    """An optional package is needed and not installed."""

    def __init__(self, *, feature: str, extra: str) -> None:
        self.feature = feature
        self.extra = extra
        super().__init__(
            f"{feature} needs the extra {extra!r}: pip install 'tasker-engine[{extra}]'"
        )


class CacheError(TaskerError):
    """Root of what a cache raises."""


class CacheUnavailableError(CacheError):
    """The cache refused or could not do what was asked, or not in its time.

    ``operation`` is what was asked. Whether it was done is unknown where ``cause``
    is about time or a lost connection. The cache may recover by itself.
    """

    def __init__(self, *, url: str, operation: str, cause: str) -> None:
        self.url = url
        self.operation = operation
        self.cause = cause
        super().__init__(
            f"cannot {operation} in the cache {url}: {cause}; check that it runs and that this "
            "process may use it"
        )


class CacheUrlError(CacheError):
    """A cache URL, or an object given as a cache, names none that is known."""

    def __init__(self, *, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"cannot use the cache {url!r}: {reason}. "
            "Use memory://, redis://host:6379/0 or memcached://host:11211"
        )


class CacheCapabilityError(CacheError):
    """A cache cannot do what it is declared to do, as a probe found."""

    def __init__(self, *, cache: str, capability: str, reason: str) -> None:
        self.cache = cache
        self.capability = capability
        self.reason = reason
        super().__init__(
            f"the cache {cache} is declared to have {capability!r}, and does not: {reason}. "
            "Correct the declaration, or the cache"
        )


class StaleFenceError(TaskerError):
    """A write carried a fence lower than one that was seen before.

    Its writer was elected once, and another was elected since: it must stand down.
    """

    def __init__(self, *, role: str, fence: int, newest: int) -> None:
        self.role = role
        self.fence = fence
        self.newest = newest
        super().__init__(
            f"write as {role!r} refused: it carries fence {fence}, and {newest} was seen; "
            "another process was elected since. Stand down, and stand for election again"
        )


class StoreError(TaskerError):
    """Root of what a store raises."""


class StoreUnavailableError(StoreError):
    """The database refused or could not do what was asked: disk full, gone, locked.

    ``operation`` is what was asked of the store: open, read, write, take over, give
    up or close. Nothing of a write that raised it was acknowledged. The store may
    recover by itself; ``probe`` tells when. ``remedy`` says what a person can do.
    """

    def __init__(
        self,
        *,
        url: str,
        operation: str,
        cause: str,
        remedy: str = "check the disk, and the permissions of the database",
    ) -> None:
        self.url = url
        self.operation = operation
        self.cause = cause
        self.remedy = remedy
        action, after = _ASKED.get(operation, (operation, ""))
        super().__init__(f"cannot {action} the store {url}: {cause}{after}; {remedy}")


_ASKED = dict.fromkeys(("write", "commit"), ("write to", ". Nothing of this call was acknowledged"))


class StoreClosedError(StoreError):
    """A store was used before ``open`` or after ``close``."""

    def __init__(self, *, url: str) -> None:
        self.url = url
        super().__init__(f"the store {url} is not open; call open() first, or use Engine.open")


class StoreMissingError(StoreError):
    """The database does not exist, and was to be opened only if it does."""

    def __init__(self, *, url: str) -> None:
        self.url = url
        super().__init__(
            f"there is no store {url}; it is made when the first task is submitted. "
            "Check the path, or the directory that you are in"
        )


class StoreInUseError(StoreError):
    """Another engine works this store."""

    def __init__(self, *, url: str, holder: str) -> None:
        self.url = url
        self.holder = holder
        super().__init__(
            f"the store {url} is being worked by {holder}; one engine works a store at a "
            "time. Submit to it from here (Engine.open(..., work=False)), or stop that engine"
        )


class StoreVersionError(StoreError):
    """The database was written by a newer version of Tasker."""

    def __init__(self, *, url: str, found: int, supported: int) -> None:
        self.url = url
        self.found = found
        self.supported = supported
        super().__init__(
            f"the store {url} has schema version {found}, newer than version {supported} that "
            "this installation knows; upgrade tasker-engine, or open another database"
        )


class ForeignDatabaseError(StoreError):
    """What the URL names exists and is not a database of Tasker; it was left untouched."""

    def __init__(
        self,
        *,
        url: str,
        reason: str,
        remedy: str = "Name a new file, or one that Tasker wrote",
    ) -> None:
        self.url = url
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"the store {url} {reason}; it was left untouched. {remedy}")


class StoreUrlError(StoreError):
    """A store URL names no store that is known."""

    def __init__(self, *, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"cannot use the store URL {url!r}: {reason}. "
            "Use memory://, sqlite:///relative.db, sqlite:////absolute/path.db or "
            "postgresql://user:password@host/database"
        )


class TransactionError(StoreError):
    """A task was to be submitted through a connection that cannot take it."""

    def __init__(self, *, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"cannot submit to the store {url} through this connection: {reason}. See "
            "docs/transactions.md"
        )


class StaleLeaseError(StoreError):
    """An append carried an epoch that is not the task's current one.

    Its writer has lost the task to another owner and must stand down.
    """

    def __init__(self, *, task_id: str, epoch: int, current: int | None) -> None:
        self.task_id = task_id
        self.epoch = epoch
        self.current = current
        super().__init__(
            f"append to task {task_id} refused: it carries epoch {epoch}, the current one is "
            f"{'unknown (no such task)' if current is None else current}"
        )


class LeaseLostError(StoreError):
    """A node's lease of the store has run out: others may have taken its tasks over."""

    def __init__(self, *, node_id: str) -> None:
        self.node_id = node_id
        super().__init__(
            f"the lease of node {node_id} has run out before it could be renewed; other nodes "
            "go on with its tasks"
        )


class NotHereError(StoreError):
    """Another node has the task: what is to be done with it has to be done there."""

    def __init__(self, *, task_id: str) -> None:
        self.task_id = task_id
        super().__init__(f"another node has task {task_id}")


class AppendConflictError(StoreError):
    """An append's sequence number does not follow the task's newest one.

    It is taken, or it leaves a gap; ``expected`` is the number that would have
    been accepted, None where the store did not say.
    """

    def __init__(self, *, task_id: str, seq: int, expected: int | None = None) -> None:
        self.task_id = task_id
        self.seq = seq
        self.expected = expected
        super().__init__(
            f"append {seq} of task {task_id} is already recorded"
            if expected is None or seq < expected
            else f"append {seq} of task {task_id} leaves a gap: the next one is {expected}"
        )


class DuplicateIdentityError(StoreError):
    """A task with the same identity exists."""

    def __init__(self, *, identity: str, task_id: str) -> None:
        self.identity = identity
        self.task_id = task_id
        super().__init__(f"a task with identity {identity!r} exists: {task_id}")


class EncodingError(StoreError):
    """A value cannot be stored as JSON."""

    def __init__(
        self,
        *,
        what: str,
        path: str,
        type_name: str,
        remedy: str = "use str, int, float, bool, None, list, dict, datetime, UUID, Decimal, "
        "enums, dataclasses or msgspec Structs",
    ) -> None:
        self.what = what
        self.path = path
        self.type_name = type_name
        self.remedy = remedy
        super().__init__(
            f"{what} cannot be stored: {path} is of type {type_name}, which JSON cannot hold; "
            f"{remedy}"
        )


class SizeLimitError(EncodingError):
    """A value is larger than its limit."""

    def __init__(self, *, what: str, size: int, limit: int) -> None:
        self.what = what
        self.path = "$"
        self.type_name = ""
        self.remedy = (
            "store the data elsewhere and keep a reference to it, or raise the limit in "
            "EngineConfig"
        )
        self.size = size
        self.limit = limit
        Exception.__init__(
            self, f"{what} is {size:,} bytes as JSON, over the limit of {limit:,}; {self.remedy}"
        )
