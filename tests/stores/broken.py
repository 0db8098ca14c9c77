"""Stores that break one promise each: a suite nobody has seen fail is a hope."""

from collections import Counter

from msgspec.structs import replace

from tasker.stores import MemoryStore, TaskPage
from tasker.stores.admission import Admission, Head
from tasker.stores.records import TaskFilter, TaskState


class ForgetsTheEpoch(MemoryStore):
    def _admission(self, appends):
        found = super()._admission(appends)
        for append in appends:
            if append.task_id in found.heads:
                seq = found.heads[append.task_id].seq
                found.heads[append.task_id] = Head(append.epoch, seq)
        return found


class CommitsHalfABatch(MemoryStore):
    async def commit(self, appends):
        half = (len(appends) + 1) // 2
        return await super().commit(appends[:half]) + [None] * (len(appends) - half)


class RefusesTheWholeBatch(MemoryStore):
    async def commit(self, appends):
        refusals = self._admission(appends).refusals(appends)
        first = next((refusal for refusal in refusals if refusal is not None), None)
        return [first] * len(appends) if first is not None else await super().commit(appends)


class LosesTransitions(MemoryStore):
    def _record(self, append):
        super()._record(replace(append, transitions=append.transitions[:1]))


class RecordsRefusedSteps(MemoryStore):
    async def commit(self, appends):
        outcomes = await super().commit(appends)
        for append, outcome in zip(appends, outcomes, strict=True):
            if outcome is not None and append.task_id in self._entries:
                for step in append.steps:
                    self._entries[append.task_id].steps.setdefault(step.name, step)
        return outcomes


class AcknowledgesBeforeItRecords(MemoryStore):
    _held = ()

    async def commit(self, appends):
        held, self._held = self._held, tuple(appends)
        await super().commit(held)
        return self._admission(appends).refusals(appends)


class AcceptsADuplicateIdentity(MemoryStore):
    def _admission(self, appends):
        found = super()._admission(appends)
        return Admission(heads=found.heads, identities={}, freed=set())


class KeepsAnExpiredIdentity(MemoryStore):
    async def commit(self, appends):
        return await super().commit(
            [replace(append, identity_expires_before=None) for append in appends]
        )


class ForgetsDetails(MemoryStore):
    def _record(self, append):
        super()._record(replace(append, details=None))


class MergesSteps(MemoryStore):
    def _record(self, append):
        steps = self._entries[append.task_id].steps if append.created is None else {}
        merged = [
            replace(step, results=steps[step.name].results)
            if step.name in steps and step.results is None
            else step
            for step in append.steps
        ]
        super()._record(replace(append, steps=tuple(merged)))


class PagesByPosition(MemoryStore):
    async def list_tasks(self, where, *, cursor=None, limit=50):
        start = int(cursor or 0)
        page = await super().list_tasks(where, limit=1_000_000)
        more = len(page.tasks) > start + limit
        return TaskPage(
            tasks=page.tasks[start : start + limit],
            next_cursor=str(start + limit) if more else None,
        )


class PagesTheAuditByPosition(MemoryStore):
    async def audit(self, where, *, cursor=None, limit=50):
        start = int(cursor or 0)
        page = await super().audit(where, limit=1_000_000)
        more = len(page.actions) > start + limit
        return replace(
            page,
            actions=page.actions[start : start + limit],
            next_cursor=str(start + limit) if more else None,
        )


class KeepsActionsOfRefusedAppends(MemoryStore):
    async def commit(self, appends):
        outcomes = await super().commit(appends)
        for append, outcome in zip(appends, outcomes, strict=True):
            if outcome is not None and append.task_id in self._entries:
                self._keep_actions(self._entries[append.task_id].task, append)
        return outcomes


class ReadsATaskAsOftenAsItIsNamed(MemoryStore):
    async def get_tasks(self, task_ids):
        found = [await self.get_task(task_id) for task_id in task_ids]
        return [snapshot for snapshot in found if snapshot is not None]


class GivesNotesToTheFirstTask(MemoryStore):
    async def annotations_of(self, task_ids):
        found = await super().annotations_of(task_ids)
        notes = [note for each in found.values() for note in each]
        return {next(iter(found)): notes} if found else {}


class LimitsTransitions(MemoryStore):
    async def history(self, task_id, *, after_seq=0, limit=10_000):
        return (await super().history(task_id, after_seq=after_seq))[:limit]


class TakesTheLatestErrorForAll(MemoryStore):
    async def task_times(self, where, **asked):
        page = await super().task_times(where, **asked)
        return replace(
            page,
            tasks=tuple(replace(task, failures=task.failures[-1:]) for task in page.tasks),
        )


class ForgetsFailuresMadeGood(MemoryStore):
    async def task_times(self, where, **asked):
        page = await super().task_times(where, **asked)
        failing = {
            task_id
            for task_id, entry in self._entries.items()
            if any(step.error is not None for step in entry.steps.values())
        }
        return replace(
            page,
            tasks=tuple(
                task if task.task_id in failing else replace(task, failures=())
                for task in page.tasks
            ),
        )


class CutsInstants(MemoryStore):
    async def task_times(self, where, **asked):
        page = await super().task_times(where, **asked)
        made = [int(self._entries[task.task_id].task.created_at * 1e6) for task in page.tasks]
        return replace(
            page,
            tasks=tuple(
                replace(task, created_us=at) for task, at in zip(page.tasks, made, strict=True)
            ),
        )


class ReadsTimesWithoutABound(MemoryStore):
    async def task_times(self, where, *, after="", before=None, limit=500):
        return await super().task_times(where, after=after, before=before, limit=1_000_000)


class SkipsATaskBetweenPages(MemoryStore):
    async def task_times(self, where, *, after="", before=None, limit=500):
        page = await super().task_times(where, after=after, before=before, limit=limit)
        return replace(page, tasks=page.tasks[:-1]) if len(page.tasks) == limit else page


class TakesAfterForInclusive(MemoryStore):
    async def task_times(self, where, *, after="", before=None, limit=500):
        page = await super().task_times(where, before=before, limit=limit)
        later = tuple(task for task in page.tasks if task.task_id >= after)
        return replace(page, tasks=later, next_cursor=None)


class ClaimsWithoutPriority(MemoryStore):
    async def claim_backlog(self, node_id, limit):
        for task_id in self._waiting:
            task = self._entries[task_id].task
            self._entries[task_id].task = replace(task, priority=0)
        return await super().claim_backlog(node_id, limit)


class ClaimsUnderTheSameEpoch(MemoryStore):
    def _claim(self, task, node_id):
        return self._put(replace(task, owner=node_id))


class ClaimsWithoutRecording(MemoryStore):
    def _claim(self, task, node_id):
        snapshot = self._entries[task.task_id].snapshot
        claimed = replace(task, owner=node_id, epoch=task.epoch + 1)
        return replace(snapshot, task=claimed)


class TakesTasksFromOthers(MemoryStore):
    async def claim_task(self, node_id, task_id):
        entry = self._entries.get(task_id)
        self._check_open()
        return None if entry is None else self._claim(entry.task, node_id)


class LetsTwoNodesJoin(MemoryStore):
    async def join(self, node, *, lease_seconds=15.0):
        self._node = None
        return await super().join(node)


class RaisesTheEpochOfFreedTasks(MemoryStore):
    def _free(self, held):
        for entry in self._entries.values():
            if entry.task.owner is not None and held(entry.task.owner):
                entry.task = replace(entry.task, epoch=entry.task.epoch + 1)
        return super()._free(held)


class TakesItsOwnWritesForChanges(MemoryStore):
    async def changed(self):
        self._check_open()
        return True


class MapsInOneOrder(MemoryStore):
    async def find_or_create_object_map(self, wanted):
        await super().find_or_create_object_map(wanted)
        return wanted


class ForgetsTheFirstOutcome(MemoryStore):
    async def finish_command(self, command_id, outcome):
        if command_id in self._commands:
            self._commands[command_id] = replace(self._commands[command_id], outcome=None)
        await super().finish_command(command_id, outcome)


class WorksWhileClosed(MemoryStore):
    def _check_open(self):
        pass


class ForgetsTheCorrelation(MemoryStore):
    def _create(self, task, at):
        super()._create(replace(task, correlation_id=None, tracestate=None), at)


class TakesWhatIsDueForAsleep(MemoryStore):
    async def workload(self, now):
        return await super().workload(now - 1)


class CountsBeforeItRefuses(MemoryStore):
    def __init__(self):
        super().__init__()
        self.counts: Counter[TaskState | None] = Counter()
        self.states: dict[str, TaskState] = {}

    async def commit(self, appends):
        for append in appends:
            states = [each.state for each in (append.created, append.task) if each is not None]
            for state in states:
                self.counts[self.states.get(append.task_id)] -= 1
                self.counts[state] += 1
                self.states[append.task_id] = state
        return await super().commit(appends)

    async def count_tasks(self, where):
        if where != TaskFilter():
            return await super().count_tasks(where)
        return {state: count for state, count in self.counts.items() if state and count > 0}


# What each of them must be caught by, at least.
class UsesPositionsAgain(MemoryStore):
    async def prune_outbox(self, before, *, limit=1_000):
        pruned = await super().prune_outbox(before, limit=limit)
        self._position = max((kept.entry.position for kept in self._outbox), default=0)
        return pruned


class AdvancesWithoutTheLease(MemoryStore):
    async def advance(self, name, epoch, cursor, *, dead=()):
        return await super().advance(name, self._subscriptions[name].epoch, cursor, dead=dead)


class TellsOfRefusedAppends(MemoryStore):
    async def commit(self, appends):
        outcomes = await super().commit(appends)
        for append, outcome in zip(appends, outcomes, strict=True):
            if outcome is not None and append.outgoing is not None:
                self._send(append.task_id, append.outgoing, append.at)
        return outcomes


CAUGHT_BY = {
    UsesPositionsAgain: {"positions_are_not_used_again"},
    AdvancesWithoutTheLease: {"one_owner_delivers", "a_lost_lease_leaves_no_dead_letter"},
    TellsOfRefusedAppends: {"a_refused_append_tells_nothing"},
    ForgetsTheEpoch: {"another_epoch_is_refused", "a_claim_fences_the_former_owner"},
    CommitsHalfABatch: {"a_batch_of_hundreds_is_recorded", "outcomes_are_in_order"},
    RefusesTheWholeBatch: {"outcomes_are_in_order"},
    LosesTransitions: {"history_is_in_order"},
    RecordsRefusedSteps: {"a_refused_append_leaves_no_trace"},
    AcknowledgesBeforeItRecords: {"a_commit_is_seen_by_the_next_read"},
    AcceptsADuplicateIdentity: {"an_identity_is_unique"},
    KeepsAnExpiredIdentity: {"an_expired_identity_is_freed"},
    ForgetsDetails: {"details_replace_those_of_the_task"},
    MergesSteps: {"a_step_replaces_the_record_of_its_name"},
    PagesByPosition: {"pages_are_stable"},
    PagesTheAuditByPosition: {"actions_by_pages"},
    KeepsActionsOfRefusedAppends: {"a_refused_append_has_no_actions"},
    ReadsATaskAsOftenAsItIsNamed: {"many_tasks_with_one_read"},
    GivesNotesToTheFirstTask: {"annotations_of_many_tasks"},
    LimitsTransitions: {"history_in_portions"},
    TakesTheLatestErrorForAll: {"failures_are_those_of_the_history"},
    ForgetsFailuresMadeGood: {"failures_that_were_made_good_are_kept"},
    CutsInstants: {"instants_are_whole_microseconds"},
    ReadsTimesWithoutABound: {"a_page_of_times_is_bounded"},
    SkipsATaskBetweenPages: {"times_of_every_task_once", "times_of_what_matches"},
    TakesAfterForInclusive: {"times_between_ids"},
    ClaimsWithoutPriority: {"backlog_by_priority_then_age"},
    ClaimsUnderTheSameEpoch: {
        "a_claim_returns_and_records_the_task",
        "a_claim_fences_the_former_owner",
    },
    ClaimsWithoutRecording: {"claims_at_once_are_disjoint"},
    TakesTasksFromOthers: {"any_task_is_claimed_by_name"},
    LetsTwoNodesJoin: {"one_node_works_a_store"},
    RaisesTheEpochOfFreedTasks: {"join_frees_what_others_held"},
    TakesItsOwnWritesForChanges: {"own_writes_are_no_change"},
    MapsInOneOrder: {"an_object_map_is_found_in_either_order"},
    ForgetsTheCorrelation: {"every_field_of_a_task_comes_back", "a_list_shows_summaries"},
    CountsBeforeItRefuses: {"counts_follow_every_change"},
    TakesWhatIsDueForAsleep: {"what_is_left_to_do_is_counted"},
    ForgetsTheFirstOutcome: {"a_command_has_one_outcome"},
    WorksWhileClosed: {"a_store_works_between_open_and_close"},
}
