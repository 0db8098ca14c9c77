"""The base class of task handlers: hooks for a task as a whole."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tasker.definitions.definition import Definition, StepDefinition
from tasker.errors import HandlerError
from tasker.handlers.classify import qualified_name

if TYPE_CHECKING:
    from tasker.handlers.sequence import Sequence
    from tasker.handlers.views import Step, Task

Annotations = Iterable[tuple[str, Mapping[str, Any]]]

HOOKS = (
    "schema",
    "establish_step_dependencies_and_defaults",
    "update_annotations",
    "order_ready_steps",
)


@dataclass(slots=True)
class StepSettings:
    """A step's settings in one task; change them to differ from the definition.

    ``inputs`` is what the step gets instead of the task's context, None for the
    context.
    """

    name: str
    depends_on: list[str] = field(default_factory=list)
    retryable: bool = True
    retry_limit: int = 3
    skippable: bool = False
    timeout_seconds: float | None = None
    inputs: Any = None

    @classmethod
    def of(cls, step: StepDefinition) -> StepSettings:
        """Return what a definition says of a step."""
        return cls(
            name=step.name,
            depends_on=list(step.depends_on),
            retryable=step.retryable,
            retry_limit=step.retry_limit,
            skippable=step.skippable,
            timeout_seconds=step.timeout_seconds,
        )


class TaskHandler:
    """Hooks of a task as a whole; each may be ``def`` or ``async def``.

    One instance serves all tasks of its definition, so keep nothing of a task in it.
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self.config: dict[str, Any] = dict(config or {})

    @classmethod
    def check_hooks(cls, reference: str) -> None:
        """Raise `HandlerError` when a hook cannot be called."""
        for hook in HOOKS:
            wanted = len(inspect.signature(getattr(TaskHandler, hook)).parameters)
            signature = inspect.signature(getattr(cls, hook))
            try:
                signature.bind(*[None] * wanted)
            except TypeError as mismatch:
                raise HandlerError(
                    handler=reference, reason=f"{hook}{signature} cannot be called: {mismatch}"
                ) from mismatch
        if inspect.iscoroutinefunction(cls.schema):
            raise HandlerError(handler=reference, reason="schema must be a plain def")

    def schema(self) -> dict[str, Any] | None:
        """Return the JSON Schema of the context, instead of the definition's; None for none.

        Called once, when the definition is bound. It may not be ``async``.
        """
        return None

    def establish_step_dependencies_and_defaults(
        self, task: Task, steps: list[StepSettings]
    ) -> Awaitable[None] | None:
        """Change the settings of steps for one task, as it is submitted.

        Called once in a task's life; what it changed is recorded with the task.
        """
        return None

    def update_annotations(
        self, task: Task, sequence: Sequence, steps: list[Step]
    ) -> Annotations | Awaitable[Annotations | None] | None:
        """Note something on the task as it ends.

        Return (type, annotation) pairs, or call ``task.annotate(type, annotation)``.
        """
        return None

    def order_ready_steps(
        self, task: Task, ready: list[Step]
    ) -> Items[Step | str] | Awaitable[Items[Step | str]]:
        """Return the steps that are ready, in the order in which they shall start.

        Steps left out start after the others. A plain ``def`` runs on the event
        loop: decide from what is at hand, without waiting for anything.
        """
        return ready


def overrides_hook(handler: TaskHandler | None, hook: str) -> bool:
    """Whether a task handler brings its own version of a hook."""
    return handler is not None and getattr(type(handler), hook) is not getattr(TaskHandler, hook)


def make_task_handler(
    kind: Any, *, reference: str, config: Mapping[str, Any] | None
) -> TaskHandler:
    """Return an instance of a task handler's class.

    Raises:
        HandlerError: It is no `TaskHandler`, a hook cannot be called, or making it failed.
    """
    if not (isinstance(kind, type) and issubclass(kind, TaskHandler)):
        raise HandlerError(
            handler=reference, reason="a task handler is a subclass of tasker.TaskHandler"
        )
    kind.check_hooks(reference)
    try:
        return kind(config=config) if _takes_config(kind) else kind()
    except Exception as failure:
        raise HandlerError(
            handler=reference,
            reason=f"making it failed: {qualified_name(type(failure))}: {failure}",
        ) from failure


async def call_hook(
    hook: Callable[..., Any],
    *arguments: Any,
    in_thread: Callable[[Callable[[], Any]], Awaitable[Any]] | None = None,
) -> Any:
    """Call a hook, plain or async; a plain one by ``in_thread`` when that is given."""
    if in_thread is not None and not inspect.iscoroutinefunction(hook):
        outcome = await in_thread(lambda: _run_through(hook(*arguments)))
    else:
        outcome = _run_through(hook(*arguments))
    return await outcome if inspect.isawaitable(outcome) else outcome


def _run_through(outcome: Any) -> Any:
    """Return what a hook yields as a list, so that all of the hook ran where it was called."""
    return list(outcome) if inspect.isgenerator(outcome) else outcome


async def establish(
    handler: TaskHandler | None,
    definition: Definition,
    task: Task,
    *,
    in_thread: Callable[[Callable[[], Any]], Awaitable[Any]] | None = None,
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Call ``establish_step_dependencies_and_defaults`` for a task that is submitted.

    Returns:
        The settings in which the task differs from its definition, by step, for
        `compile_plan`; and the inputs of the steps that were given their own.

    Raises:
        HandlerError: The hook took a step away, added or renamed one.
    """
    if handler is None or not overrides_hook(handler, "establish_step_dependencies_and_defaults"):
        return {}, {}
    settings = [StepSettings.of(step) for step in definition.steps]
    given = list(settings)
    await call_hook(
        handler.establish_step_dependencies_and_defaults, task, given, in_thread=in_thread
    )
    if [each.name for each in settings] != list(definition.steps_by_name) or {
        id(each) for each in given
    } != {id(each) for each in settings}:
        raise HandlerError(
            handler=qualified_name(type(handler)),
            reason="establish_step_dependencies_and_defaults may change the settings of steps, "
            "but not add, remove or rename steps",
        )
    overrides = {
        each.name: changes
        for each, step in zip(settings, definition.steps, strict=True)
        if (changes := _changes(each, StepSettings.of(step)))
    }
    return overrides, {each.name: each.inputs for each in settings if each.inputs is not None}


def _changes(now: StepSettings, before: StepSettings) -> dict[str, Any]:
    fields = ("depends_on", "retryable", "retry_limit", "skippable", "timeout_seconds")
    changes = {
        name: getattr(now, name) for name in fields if getattr(now, name) != getattr(before, name)
    }
    if "depends_on" in changes:
        changes["depends_on"] = list(changes["depends_on"])
    return changes


def _takes_config(kind: type) -> bool:
    parameters = inspect.signature(kind).parameters
    return "config" in parameters or any(
        each.kind is each.VAR_KEYWORD for each in parameters.values()
    )
