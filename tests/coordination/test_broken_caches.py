"""The checks of coordination catch what comes of a broken cache, in each mode."""

import pytest

from tasker.stores.coordination.contract import coordination_promises
from tests.caches import broken
from tests.coordination.participants import InMemory

# By mode and cache: the checks that find it out.
CAUGHT_BY = {
    ("distributed_basic", broken.LooksBeforeItAdds): {
        "of_many_one_gets_the_claim",
        "slots_are_as_many_as_said",
    },
    ("distributed_basic", broken.ComparesAndThenSets): {"places_are_evenly_spaced"},
    ("distributed_basic", broken.ReplacesWhatItDoesNotExpect): {
        "only_the_holder_renews_and_releases"
    },
    ("distributed_basic", broken.DeletesWhatItDoesNotExpect): {
        "only_the_holder_renews_and_releases"
    },
    ("distributed_basic", broken.KeepsTheOldLife): {"a_renewed_claim_lasts"},
    ("distributed_basic", broken.NeverForgets): {"a_claim_ends_by_itself", "a_slot_cannot_leak"},
    ("distributed_basic", broken.CountsTheFirstTwice): {"counting_at_once_loses_nothing"},
    ("distributed_atomic", broken.CountsInTwoSteps): {"counting_at_once_loses_nothing"},
    ("distributed_atomic", broken.ProlongsWhatItCounts): {"a_counter_starts_anew"},
    ("distributed_atomic", broken.LeasesToEverybody): {
        "of_many_one_gets_the_claim",
        "one_leads",
    },
    ("distributed_atomic", broken.LeasesOneSlot): {"slots_are_as_many_as_said"},
    ("distributed_atomic", broken.LeasesForEver): {
        "a_claim_ends_by_itself",
        "a_slot_cannot_leak",
    },
    ("distributed_atomic", broken.ProlongsForAnybody): {
        "only_the_holder_renews_and_releases",
        "work_goes_on_after_a_flush",
    },
    ("distributed_atomic", broken.ProlongsNothing): {"a_renewed_claim_lasts"},
    ("distributed_atomic", broken.ReleasesForAnybody): {"only_the_holder_renews_and_releases"},
    ("distributed_atomic", broken.ReleasesNothing): {"a_released_claim_is_free"},
    ("distributed_atomic", broken.AdvancesInTwoSteps): {"places_are_evenly_spaced"},
    ("distributed_atomic", broken.HasNoFloor): {"a_burst_is_saved_up", "a_hold_is_seen_by_all"},
    ("distributed_atomic", broken.HasNoCeiling): {"who_will_not_wait_takes_no_place"},
    ("distributed_atomic", broken.CountsInFloats): {"the_next_leader_has_a_greater_fence"},
}


@pytest.mark.parametrize(
    ("mode", "kind"),
    [pytest.param(*case, id=f"{case[1].__name__}-{case[0]}") for case in CAUGHT_BY],
)
async def test_what_comes_of_a_broken_cache_is_caught(mode, kind):
    caught = set()
    for promise in coordination_promises():
        try:
            await promise.run(InMemory(mode, kind))
        except Exception:
            caught.add(promise.name)
    assert caught >= CAUGHT_BY[mode, kind]
    # What none of them breaks is not blamed on any.
    assert "a_counter_goes_up" not in caught
