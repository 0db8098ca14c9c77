"""The base class of step handlers."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from tasker.handlers.masking import Masker
    from tasker.handlers.resources import Resources
    from tasker.handlers.sequence import Sequence
    from tasker.handlers.views import Step, Task

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

    # The engine's hooks around process, for the kinds of handlers that it brings.

    @classmethod
    def _check(cls, reference: str, config: Mapping[str, Any]) -> None:
        """Raise `HandlerError` when the class cannot work as it is written and configured."""

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
