"""The base class of step handlers."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from typing import TYPE_CHECKING, Any, ClassVar

from tasker.errors import HandlerError

if TYPE_CHECKING:
    from tasker.handlers.resources import Resources
    from tasker.handlers.sequence import Sequence
    from tasker.handlers.views import Step, Task
    from tasker.telemetry.masking import Masker

_REQUIRED: Any = object()


class StepHandler:
    """One step's work. Subclass it and write ``process``.

    An instance is made for every attempt, with the step's ``handler_config``, its
    placeholders filled in. A step succeeds when ``process`` returns, and fails when
    it raises: `PermanentError` ends its retries, `RetryableError` may say when to
    try again, and after any other exception it is retried while its limit allows.
    """

    custom_event_configuration: ClassVar[Items[Mapping[str, str]]] = ()
    """Events that the step may publish: ``{"name": …, "description": …}`` each."""

    config_type: ClassVar[str | None] = None
    """What ``handler_config`` is checked as when a definition is loaded; None for anything."""

    config_keys: ClassVar[Items[str]] = ()
    """Keys of ``handler_config`` beside those that its type has."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self.config: dict[str, Any] = dict(config or {})

    def process(self, task: Task, sequence: Sequence, step: Step) -> Any:
        """Do the step's work and return its results, anything that JSON can hold.

        Write it as ``async def`` to run on the event loop, or as plain ``def`` to
        run in a worker thread. It may run more than once for one step, so what it
        does should be safe to repeat.
        """
        raise NotImplementedError(f"{type(self).__qualname__} must define process")

    def process_results(self, step: Step, output: Any, initial_results: Any) -> Any:
        """Turn what ``process`` returned into the step's results.

        Set ``step.results``, or return the results. Where an override does neither,
        and for handlers without one, what ``process`` set by hand is kept, else what
        it returned.

        Args:
            step: The step.
            output: What ``process`` returned.
            initial_results: The results before ``process`` ran.
        """
        if not step.results_by_hand:
            step.results = self._default_results(output)

    def get_previous_step_data(
        self, sequence: Sequence, name: str, key: str | None = None, default: Any = _REQUIRED
    ) -> Any:
        """Return another step's results, or what they hold under a key.

        Raises:
            UnknownStepError: The task has no such step.
            KeyError: There are no such data, and no default was given.
        """
        if default is _REQUIRED:
            return sequence.get_previous_step_data(name, key)
        return sequence.get_previous_step_data(name, key, default)

    def publish_custom_event(self, name: str, payload: Mapping[str, Any] | None = None) -> None:
        """Publish an event, as `Step.publish_custom_event` does."""
        step: Step | None = getattr(self, "_step", None)
        if step is None:
            raise RuntimeError("publish_custom_event works in process and process_results alone")
        step.publish_custom_event(name, payload)

    # The engine's hooks around process, for the kinds of handlers that it brings.

    @classmethod
    def check_class(cls, reference: str) -> None:
        """Raise `HandlerError` when the class cannot work as it is written."""
        if cls.process is StepHandler.process:
            raise HandlerError(
                handler=reference,
                reason="process is not defined; write process(self, task, sequence, step)",
            )
        if hasattr(cls, "handle"):
            raise HandlerError(
                handler=reference,
                reason="handle belongs to the engine; put the work into process, and what "
                "is done with its output into process_results",
            )

    @classmethod
    def check_config(cls, reference: str, config: Mapping[str, Any]) -> None:
        """Raise `HandlerError` when the class cannot work as it is configured."""

    @classmethod
    def required_config(cls) -> Items[str]:
        """Return the keys of ``config_type`` that its configuration must have."""
        return ()

    async def _connect(self, resources: Resources, masker: Masker) -> None:
        """Get ready what outlives the attempt."""

    def _examine(self, step: Step, output: Any) -> None:
        """Raise when what ``process`` returned tells of a failure."""

    def _default_results(self, output: Any) -> Any:
        """Return the results that an output stands for."""
        return output

    def _explained(self, failure: Exception) -> Exception:
        """Return the exception that stands for a failure of ``process``."""
        return failure
