"""Held-back checks of kata 12: the same contract on inputs that derive from a secret seed."""

import random
import selectors
from collections.abc import Mapping
from typing import Any

import pytest
import selector_loop as kata

from asyncio_katas.lab import Lab, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


class File:
    """Has something to read from each of these moments on."""

    _number = 2_000_000

    def __init__(self, *moments: float) -> None:
        self.moments = sorted(moments)
        File._number += 1
        self._fileno = File._number

    def fileno(self) -> int:
        return self._fileno


class World(selectors.BaseSelector):
    """A selector and a clock in one: only waiting in `select` lets time pass."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits = 0
        self._keys: dict[int, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if fileobj.fileno() in self._keys:
            raise KeyError(fileobj)
        key = self._keys[fileobj.fileno()] = selectors.SelectorKey(fileobj, fileobj.fileno(), events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj.fileno())

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {key.fileobj: key for key in self._keys.values()}

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys[fileobj.fileno()]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        moments = [key.fileobj.moments[0] for key in self._keys.values() if key.fileobj.moments]  # type: ignore[union-attr]
        if timeout is None or timeout > 0:
            self.waits += 1
            ends = ([self.now + timeout] if timeout is not None else []) + moments
            if not ends:
                raise RuntimeError("it waits for ever, with nobody to wait for")
            self.now = max(self.now, min(ends))
        ready = [key for key in self._keys.values() if key.fileobj.moments and key.fileobj.moments[0] <= self.now]  # type: ignore[union-attr]
        return [(key, key.events) for key in ready]


def made() -> tuple[World, kata.MiniLoop]:
    """Return a loop and its world."""
    world = World()
    return world, kata.MiniLoop(world, lambda: world.now)


@pytest.mark.task(1)
def test_any_number_of_sleepers(lab: Lab) -> None:
    """sleep: any number of sleepers wake in the order of their deadlines, when those have come."""
    rng = chance("sleepers")
    world, loop = made()
    delays = [rng.choice([0, rng.randrange(1, 60) / 4]) for _ in range(rng.randrange(10, 40))]
    woken: list[tuple[float, int]] = []

    async def sleeper(number: int) -> None:
        await loop.sleep(delays[number])
        woken.append((world.now, number))

    async def main() -> None:
        handles = [loop.spawn(sleeper(number)) for number in range(len(delays))]
        for handle in handles:
            await handle

    lab.attempt(loop.run, main()).expect_value(None)
    due = sorted((float(delay), number) for number, delay in enumerate(delays))
    expect_same(woken, due, "They woke as {actual}, not as {expected}.")


@pytest.mark.task(1)
def test_turns_in_order(lab: Lab) -> None:
    """MiniLoop: any number of coroutines that sleep 0 seconds have their turns one after the other."""
    rng = chance("turns")
    world, loop = made()
    turns = [rng.randrange(1, 9) for _ in range(rng.randrange(2, 9))]
    seen: list[tuple[int, int]] = []

    async def work(number: int) -> None:
        for turn in range(turns[number]):
            seen.append((turn, number))
            await loop.sleep(0)

    async def main() -> None:
        for handle in [loop.spawn(work(number)) for number in range(len(turns))]:
            await handle

    lab.attempt(loop.run, main()).expect_value(None)
    expect_same(seen, sorted(seen), "The turns came as {actual}, not as {expected}.")
    expect(world.waits == 0, "It waited {count} times, and everybody was ready.", count=world.waits)


@pytest.mark.task(2)
def test_handles_give_what_became_of_it(lab: Lab) -> None:
    """spawn: any values and exceptions reach everybody who awaits the handle, early and late."""
    rng = chance("handles")
    _, loop = made()
    results = [rng.choice([None, 0, rng.random(), KeyError(n), OSError(n)]) for n in range(rng.randrange(4, 12))]

    async def work(result: object) -> object:
        await loop.sleep(rng.randrange(0, 8) / 4)
        if isinstance(result, Exception):
            raise result
        return result

    async def listen(handle: Any) -> object:
        try:
            return await handle
        except Exception as error:
            return error

    async def main() -> list[object]:
        handles = [loop.spawn(work(result)) for result in results]
        early = [loop.spawn(listen(handle)) for handle in handles for _ in range(2)]
        heard = [await one for one in early][::2]
        return [heard, [await listen(handle) for handle in handles]]

    call = lab.attempt(loop.run, main())
    call.expect_value([results, results])


@pytest.mark.task(3)
def test_files_and_timers_together(lab: Lab) -> None:
    """readable: any files that become readable at any moment wake their readers then, beside any sleepers."""
    rng = chance("files")
    world, loop = made()
    files = [File(*(n / 4 + 1 / 16 for n in rng.sample(range(1, 60), k=3))) for _ in range(rng.randrange(2, 6))]
    due = sorted(moment for file in files for moment in file.moments)
    read: list[float] = []
    slept: list[float] = []

    async def reader(file: File) -> None:
        while file.moments:
            await loop.readable(file)
            read.append(world.now)
            file.moments.pop(0)

    async def sleeper() -> None:
        for _ in range(10):
            await loop.sleep(1)
            slept.append(world.now)

    async def main() -> None:
        for handle in [*(loop.spawn(reader(file)) for file in files), loop.spawn(sleeper())]:
            await handle

    lab.attempt(loop.run, main()).expect_value(None)
    expect_same(read, due, "They were read at {actual}, not at {expected}.")
    # Deadlines may be rounded up to what a selector can tell apart, milliseconds.
    right = len(slept) == 10 and all(n <= moment < n + 1 / 64 for n, moment in enumerate(slept, start=1))
    expect(right, "The sleeper woke at {slept}.", slept=str(slept))
    expect(not world.get_map(), "Files are still registered.")


@pytest.mark.task(3)
def test_the_end_of_main_is_the_end(lab: Lab) -> None:
    """run: when main ends, by any value or exception, the coroutines that remain have been closed."""
    rng = chance("end")
    for value in (rng.random(), LookupError(rng.random())):
        _, loop = made()
        closed: list[int] = []
        count = rng.randrange(1, 9)

        async def stays(number: int) -> None:
            try:
                await loop.sleep(rng.randrange(10, 99))
            finally:
                closed.append(number)

        async def main() -> object:
            for number in range(count):
                loop.spawn(stays(number))
            await loop.sleep(1)
            if isinstance(value, Exception):
                raise value
            return value

        call = lab.attempt(loop.run, main())
        if isinstance(value, Exception):
            call.expect_error(value)
        else:
            call.expect_value(value)
        expect_same(sorted(closed), [*range(count)], "{actual} had been closed, not {expected}.")
