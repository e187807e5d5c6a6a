"""Held-back checks of kata 09: the same contract on inputs that derive from a secret seed."""

import asyncio
import random

import benefits_and_limits as kata
import pytest

from asyncio_katas.lab import Lab, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


class Service:
    """Answers after its seconds."""

    def __init__(self, lab: Lab, seconds: dict[str, float]) -> None:
        self._lab, self._seconds = lab, seconds
        self.calls: list[str] = []
        self.profile = object()

    async def _answer(self, name: str, value: object) -> object:
        self.calls.append(name)
        await self._lab.pause(self._seconds[name])
        return value

    async def user(self, user_id: int) -> object:
        return await self._answer("user", self.profile)

    async def orders(self, user_id: int) -> object:
        return await self._answer("orders", [user_id])

    async def messages(self, user_id: int) -> object:
        return await self._answer("messages", [user_id, user_id])

    async def recommendations(self, user: object) -> object:
        return await self._answer("recommendations", user)


@pytest.mark.task(1)
async def test_as_early_as_can_be(lab: Lab) -> None:
    """load_dashboard: however long each call takes, the dashboard is there as early as the dependencies allow."""
    rng = chance("dashboard")
    for _ in range(6):
        seconds = {name: rng.randrange(1, 60) / 4 for name in ("user", "orders", "messages", "recommendations")}
        api, began, number = Service(lab, seconds), lab.now, rng.randrange(10**6)
        call = await lab.call(kata.load_dashboard, api, number)
        call.raise_crash()
        value = call.value
        expect(value["user"] is api.profile and value["recommendations"] is api.profile, "The user is another one.")
        expect_same([value["orders"], value["messages"]], [[number], [number, number]], "{actual}, not {expected}.")
        expect(len(api.calls) == 4, "{count} calls were made instead of 4.", count=len(api.calls))
        due = max(seconds["user"] + seconds["recommendations"], seconds["orders"], seconds["messages"])
        expect_same(call.ended, began + due, "It was there at t={actual}, not at t={expected}.")


@pytest.mark.task(2)
async def test_turns_between_batches_alone(lab: Lab) -> None:
    """fair_map: with any batch, the others have their turn after each batch, and never within one."""
    rng = chance("turns")
    for _ in range(4):
        count, batch = rng.randrange(5, 60), rng.randrange(1, 12)
        done: list[int] = []
        seen: set[int] = set()

        def square(item: int) -> int:
            done.append(item)
            return item * item

        async def other() -> None:
            while len(done) < count:
                seen.add(len(done))
                await asyncio.sleep(0)

        items = [rng.randrange(1000) for _ in range(count)]
        watcher = lab.call(other)
        call = await lab.call(kata.fair_map, square, iter(items), batch=batch)
        await watcher
        call.expect_value([item * item for item in items])
        within = sorted(number for number in seen if number % batch)
        expect(not within, "Somebody had a turn after {within} calls.", within=str(within))
        missing = sorted(set(range(batch, count, batch)) - seen)
        expect(not missing, "Nobody had a turn after {missing} calls.", missing=str(missing))


@pytest.mark.task(2)
async def test_the_first_exception_ends_the_work(lab: Lab) -> None:
    """fair_map: wherever it comes, the first exception leaves as it is, and nothing is called after it."""
    rng = chance("failure")
    count = rng.randrange(5, 40)
    bad = rng.randrange(count)
    failure = LookupError(bad)
    done: list[int] = []

    def work(item: int) -> int:
        done.append(item)
        if item == bad:
            raise failure
        return item

    call = await lab.call(kata.fair_map, work, range(count), batch=rng.randrange(1, 9))
    call.expect_error(failure)
    expect_same(done, [*range(bad + 1)], "It was called with {actual}, not with {expected}.")


@pytest.mark.task(3)
async def test_a_stall_of_any_length(lab: Lab) -> None:
    """StallDetector: how late the first probe due in a stall came is noted, if it is beyond the threshold."""
    rng = chance("stall")
    for _ in range(6):
        interval, threshold = float(rng.choice([1, 2, 4])), rng.randrange(2, 9) / 4
        before = rng.randrange(0, 5) * interval + interval / 2
        busy = interval / 2 + threshold + rng.choice([-1, 1]) * rng.randrange(1, 2) / 8 + rng.randrange(0, 3) * interval
        async with kata.StallDetector(threshold=threshold, interval=interval) as detector:
            await lab.pause(before)
            lab.busy(busy)
            await lab.pause(3 * interval)
        late = busy - interval / 2
        expect_same(detector.stalls, [late] if late > threshold else [], "It noted {actual}, not {expected}.")


@pytest.mark.task(3)
async def test_no_stall_no_entry(lab: Lab) -> None:
    """StallDetector: a loop that turns is not accused, and what the block raises leaves it."""
    rng = chance("calm")
    failure = KeyError(rng.random())
    detector = kata.StallDetector(threshold=rng.randrange(1, 8) / 4, interval=rng.randrange(1, 12) / 4)

    async def block() -> None:
        async with detector:
            for _ in range(rng.randrange(3, 20)):
                await lab.pause(rng.randrange(1, 16) / 4)
            raise failure

    call = await lab.call(block)
    call.expect_error(failure)
    expect_same(detector.stalls, [], "It noted {actual}.")
