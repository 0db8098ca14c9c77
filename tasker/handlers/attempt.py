"""One attempt: the handler is made, runs, and its output becomes results or an error."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from tasker.actors.workflow.outcome import AttemptFailed, AttemptSucceeded
from tasker.errors import EncodingError, PermanentError
from tasker.handlers.classify import classify
from tasker.handlers.publishing import ALONE, Publishing
from tasker.handlers.resources import Resources
from tasker.handlers.sequence import Sequence
from tasker.handlers.views import Step, Task
from tasker.stores.encoding import encode
from tasker.telemetry.masking import Masker

if TYPE_CHECKING:
    from tasker.actors.workflow.plan import StepPlan
    from tasker.actors.workflow.state import WorkflowState
    from tasker.handlers.call import StepCall

_FINISHED = frozenset({dict, str, list, int, float, bool, type(None)})


class Attempt:
    """The stages of one attempt; an executor decides where they run.

    Either `run_async`, or `run_plain` in a thread, and then `settle`.
    """

    __slots__ = ("_handler", "_masker", "call", "sequence", "step", "task")

    def __init__(
        self,
        call: StepCall,
        state: WorkflowState,
        step: StepPlan,
        number: int,
        masker: Masker,
        *,
        publishing: Publishing = ALONE,
    ) -> None:
        self.call = call
        self._masker = masker
        self.task = Task(state.task, state.head.state)
        self.step = Step(
            task=self.task,
            plan=step,
            record=state.shown(step.index),
            attempt=number,
            config=call.config,
            events=call.events,
            publishing=publishing,
        )
        self.sequence = Sequence(state, self.task, self.step)
        self._handler: Any = None

    async def run_async(self, resources: Resources) -> Any:
        """Run an ``async def`` handler and return what it processed its output to."""
        call = self.call
        if call.function is not None and call.plan is not None:
            output = await call.function(**call.plan.arguments(self.task, self.sequence, self.step))
        else:
            self._make_handler()
            if call.connects:
                await self._handler._connect(resources, self._masker)
            output = await self._handler.process(self.task, self.sequence, self.step)
        return await self.settle(output, self._processed(output))

    def run_plain(self) -> tuple[Any, Any]:
        """Run a ``def`` handler; return its output, and what it was processed to."""
        call = self.call
        if call.function is not None and call.plan is not None:
            output = call.function(**call.plan.arguments(self.task, self.sequence, self.step))
        else:
            self._make_handler()
            output = self._handler.process(self.task, self.sequence, self.step)
        return output, self._processed(output)

    async def settle(self, output: Any, processed: Any) -> Any:
        """Return the results: processed, else set by hand, else the output."""
        if type(processed) not in _FINISHED and inspect.isawaitable(processed):
            processed = await processed
        if processed is not None:
            return processed
        if self.step.results_by_hand:
            return self.step.results
        return self._handler._default_results(output) if self.call.engine_hooks else output

    def succeeded(self, results: Any, limit: int) -> AttemptSucceeded:
        """Return the outcome of an attempt with these results.

        Raises:
            EncodingError: They cannot be stored.
        """
        what = f"the result of step {self.step.name}"
        return AttemptSucceeded(encode(results, what=what, limit=limit), self._published())

    def failed(self, failure: BaseException, limit: int) -> AttemptFailed:
        """Return the outcome of an attempt that raised."""
        if self.call.engine_hooks and self._handler is not None and isinstance(failure, Exception):
            explained = self._handler._explained(failure)
            if explained is not failure:
                failure = explained.with_traceback(failure.__traceback__)
        return AttemptFailed(
            error=classify(failure, self._masker),
            results=self._kept(limit),
            events=self._published(),
        )

    def _published(self) -> Raw | None:
        outbox = self.step.outbox
        return None if outbox is None else outbox.to_raw(self._masker)

    def _make_handler(self) -> None:
        self._handler = self.call.make()
        if self.call.engine_hooks:
            self._handler._step = self.step

    def _processed(self, output: Any) -> Any:
        if type(output) not in _FINISHED:
            _refuse_unfinished(output, self.call)
        if self.call.engine_hooks:
            self._handler._examine(self.step, output)
        if not self.call.own_process_results:
            return None
        return self._handler.process_results(self.step, output, self.step.initial_results())

    def _kept(self, limit: int) -> Raw | None:
        """Return the results that were set by hand before the failure.

        They are the user's data: only values that are known to be secret are hidden.
        """
        if not self.step.results_by_hand:
            return None
        what = f"the result of step {self.step.name}"
        try:
            return self._masker.without_known(encode(self.step.results, what=what, limit=limit))
        except EncodingError:
            return None  # the failure itself is what must be told


def _refuse_unfinished(output: Any, call: StepCall) -> None:
    """Raise when an output is work that was never done: something to await, or to iterate."""
    if inspect.isawaitable(output):
        if inspect.iscoroutine(output):
            output.close()
        remedy = "await it" if call.is_async else "make the handler async def, and await it"
        raise PermanentError(f"{call.reference} returned something to be awaited; {remedy}")
    if inspect.isgenerator(output) or inspect.isasyncgen(output):
        raise PermanentError(
            f"{call.reference} returned a generator; return what it yields, in a list"
        )
