"""Caches that break one promise each: a suite nobody has seen fail is a hope."""

from anyio.lowlevel import checkpoint

from tasker.stores.caches import MemoryCache

DAY = 86_400.0


class AddsOver(MemoryCache):
    async def add(self, key, value, *, ttl_seconds):
        await self.set(key, value, ttl_seconds=ttl_seconds)
        return True


class LooksBeforeItAdds(MemoryCache):
    async def add(self, key, value, *, ttl_seconds):
        if await self.get(key) is not None:
            return False
        await checkpoint()
        await self.set(key, value, ttl_seconds=ttl_seconds)
        return True


class CountsInTwoSteps(MemoryCache):
    async def increment(self, key, by=1, *, ttl_seconds):
        count = int(await self.get(key) or b"0") + by
        await checkpoint()
        await self.set(key, b"%d" % count, ttl_seconds=ttl_seconds)
        return count


class CountsTheFirstTwice(MemoryCache):
    """As aiocache does on Memcached: what is absent is set, not added."""

    async def increment(self, key, by=1, *, ttl_seconds):
        if await self.get(key) is None:
            await checkpoint()
            await self.set(key, b"%d" % by, ttl_seconds=ttl_seconds)
            return by
        return await super().increment(key, by, ttl_seconds=ttl_seconds)


class ProlongsWhatItCounts(MemoryCache):
    async def increment(self, key, by=1, *, ttl_seconds):
        count = await super().increment(key, by, ttl_seconds=ttl_seconds)
        self._counters.put(key, count, ttl_seconds)
        return count


class CountsByOne(MemoryCache):
    async def increment(self, key, by=1, *, ttl_seconds):
        return await super().increment(key, ttl_seconds=ttl_seconds)


class ReplacesWhatItDoesNotExpect(MemoryCache):
    async def compare_and_set(self, key, expected, value, *, ttl_seconds):
        await self.set(key, value, ttl_seconds=ttl_seconds)
        return True


class ComparesAndThenSets(MemoryCache):
    async def compare_and_set(self, key, expected, value, *, ttl_seconds):
        if await self.get(key) != expected:
            return False
        await checkpoint()
        await self.set(key, value, ttl_seconds=ttl_seconds)
        return True


class KeepsTheOldLife(MemoryCache):
    async def compare_and_set(self, key, expected, value, *, ttl_seconds):
        left = await self.expires_in(key)
        return left is not None and await super().compare_and_set(
            key, expected, value, ttl_seconds=left
        )


class DeletesWhatItDoesNotExpect(MemoryCache):
    async def compare_and_delete(self, key, expected):
        return await self.delete(key)


class NeverForgets(MemoryCache):
    async def set(self, key, value, *, ttl_seconds):
        await super().set(key, value, ttl_seconds=DAY)


class ForgetsEarly(MemoryCache):
    async def set(self, key, value, *, ttl_seconds):
        await super().set(key, value, ttl_seconds=ttl_seconds / 4)


class KeepsTheFirstValue(MemoryCache):
    async def set(self, key, value, *, ttl_seconds):
        if await self.get(key) is None:
            await super().set(key, value, ttl_seconds=ttl_seconds)


class KeepsTheFirstLife(MemoryCache):
    async def set(self, key, value, *, ttl_seconds):
        left = await self.expires_in(key)
        await super().set(key, value, ttl_seconds=ttl_seconds if left is None else left)


class KeepsText(MemoryCache):
    async def set(self, key, value, *, ttl_seconds):
        await super().set(key, value.strip(), ttl_seconds=ttl_seconds)


class CutsKeys(MemoryCache):
    async def set(self, key, value, *, ttl_seconds):
        await super().set(key[:200], value, ttl_seconds=ttl_seconds)

    async def get(self, key):
        return await super().get(key[:200])


class DropsTheNamespace(MemoryCache):
    async def set(self, key, value, *, ttl_seconds):
        await super().set(key.rpartition(":")[2], value, ttl_seconds=ttl_seconds)

    async def get(self, key):
        return await super().get(key.rpartition(":")[2])


class DeletesWithoutAWord(MemoryCache):
    async def delete(self, key):
        await super().delete(key)
        return True


class TellsTheWrongTime(MemoryCache):
    async def expires_in(self, key):
        left = await super().expires_in(key)
        return None if left is None else DAY


class TellsATimeOfNothing(MemoryCache):
    async def expires_in(self, key):
        return await super().expires_in(key) or 0.0


class LeasesToEverybody(MemoryCache):
    async def acquire(self, key, token, *, ttl_seconds, slots=1):
        return await super().acquire(key, token, ttl_seconds=ttl_seconds, slots=99)


class LooksBeforeItLeases(MemoryCache):
    async def acquire(self, key, token, *, ttl_seconds, slots=1):
        if not await super().acquire(key, token, ttl_seconds=ttl_seconds, slots=slots):
            return False
        await super().release(key, token)
        await checkpoint()
        return await super().acquire(key, token, ttl_seconds=ttl_seconds, slots=99)


class LeasesOneSlot(MemoryCache):
    async def acquire(self, key, token, *, ttl_seconds, slots=1):
        return await super().acquire(key, token, ttl_seconds=ttl_seconds)


class LeasesForEver(MemoryCache):
    async def acquire(self, key, token, *, ttl_seconds, slots=1):
        return await super().acquire(key, token, ttl_seconds=DAY, slots=slots)


class ProlongsForAnybody(MemoryCache):
    async def extend(self, key, token, *, ttl_seconds):
        return True


class ProlongsNothing(MemoryCache):
    async def extend(self, key, token, *, ttl_seconds):
        return token in self._leased(key)


class ReleasesForAnybody(MemoryCache):
    """As aiocache's lock does on Memcached: whoever asks deletes it."""

    async def release(self, key, token):
        return self._leases.pop(key) is not None


class ReleasesNothing(MemoryCache):
    async def release(self, key, token):
        return token in self._leased(key)


class AdvancesInTwoSteps(MemoryCache):
    async def advance(self, key, *, by, floor, ceiling=None, ttl_seconds):
        base = max(self._counters.get(key) or 0, floor)
        await checkpoint()
        if ceiling is None or base <= ceiling:
            self._counters.put(key, base + by, ttl_seconds)
        return base


class HasNoFloor(MemoryCache):
    async def advance(self, key, *, by, floor, ceiling=None, ttl_seconds):
        floor = 0 if self._counters.get(key) else floor
        return await super().advance(
            key, by=by, floor=floor, ceiling=ceiling, ttl_seconds=ttl_seconds
        )


class HasNoCeiling(MemoryCache):
    async def advance(self, key, *, by, floor, ceiling=None, ttl_seconds):
        return await super().advance(key, by=by, floor=floor, ttl_seconds=ttl_seconds)


class CountsInFloats(MemoryCache):
    async def advance(self, key, *, by, floor, ceiling=None, ttl_seconds):
        base = await super().advance(
            key, by=by, floor=floor, ceiling=ceiling, ttl_seconds=ttl_seconds
        )
        return int(float(f"{base:.14g}"))


# By cache: the checks of the cache suite that find it out, and the capability that its
# probe takes from it, None where a probe of a moment cannot see it.
CAUGHT_BY = {
    AddsOver: ({"of_many_who_add_one_does", "what_was_added_expires"}, "atomic_increment"),
    LooksBeforeItAdds: ({"of_many_who_add_one_does"}, "atomic_increment"),
    CountsInTwoSteps: ({"counting_at_once_loses_nothing"}, "atomic_increment"),
    CountsTheFirstTwice: ({"counting_at_once_loses_nothing"}, "atomic_increment"),
    ProlongsWhatItCounts: ({"a_counter_ends_when_it_was_to"}, None),
    CountsByOne: ({"counting_at_once_loses_nothing"}, None),
    ReplacesWhatItDoesNotExpect: (
        {"only_what_is_expected_is_replaced", "of_many_who_replace_one_does"},
        "atomic_increment",
    ),
    ComparesAndThenSets: ({"of_many_who_replace_one_does"}, "atomic_increment"),
    KeepsTheOldLife: ({"only_what_is_expected_is_replaced"}, None),
    DeletesWhatItDoesNotExpect: ({"only_what_is_expected_is_deleted"}, "atomic_increment"),
    NeverForgets: ({"a_value_expires", "what_was_added_expires"}, "ttl_inspection"),
    ForgetsEarly: ({"a_value_expires"}, "ttl_inspection"),
    KeepsTheFirstValue: ({"the_last_value_counts"}, "atomic_increment"),
    KeepsTheFirstLife: ({"writing_again_starts_a_new_life"}, None),
    KeepsText: ({"a_value_is_read_as_it_was_written"}, None),
    CutsKeys: ({"any_key_is_taken"}, None),
    DropsTheNamespace: (set(), "namespace_support"),
    DeletesWithoutAWord: ({"delete_forgets"}, None),
    TellsTheWrongTime: ({"what_is_left_is_told"}, "ttl_inspection"),
    TellsATimeOfNothing: ({"what_is_left_is_told"}, "ttl_inspection"),
    LeasesToEverybody: ({"of_many_who_want_a_lease_one_gets_it"}, "locking"),
    LooksBeforeItLeases: ({"of_many_who_want_a_lease_one_gets_it"}, "locking"),
    LeasesOneSlot: ({"of_many_who_want_a_lease_one_gets_it"}, None),
    LeasesForEver: ({"a_lease_ends_by_itself"}, None),
    ProlongsForAnybody: ({"a_lease_is_of_its_token", "a_lease_ends_by_itself"}, "locking"),
    ProlongsNothing: ({"a_prolonged_lease_lasts"}, None),
    ReleasesForAnybody: ({"a_lease_is_of_its_token"}, "locking"),
    ReleasesNothing: ({"a_lease_is_of_its_token"}, "locking"),
    AdvancesInTwoSteps: ({"advancing_at_once_gives_each_a_place"}, "locking"),
    HasNoFloor: ({"floor_and_ceiling_hold"}, "locking"),
    HasNoCeiling: ({"floor_and_ceiling_hold"}, "locking"),
    CountsInFloats: ({"floor_and_ceiling_hold"}, "locking"),
}
