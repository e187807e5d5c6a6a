"""The virtual clock: exact times, and a verdict where nothing can go on."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from asyncio_katas.lab.clock import Deadlock, Spinning, VirtualLoop
from asyncio_katas.lab.outside import recorded

Main = Callable[[], Coroutine[Any, Any, Any]]


def run(main: Main) -> Any:
    """Run a coroutine function on a virtual loop."""
    with recorded(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


def now() -> float:
    """Return loop time."""
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("seconds", [0.0, 1e-6, 0.1, 1.0, 3 * 86_400.0, 1e9, 1e15])
def test_sleep_takes_exactly_its_time(seconds: float) -> None:
    """A sleep ends at exactly the moment it was asked for."""

    async def main() -> float:
        await asyncio.sleep(seconds)
        return now()

    assert run(main) == seconds


def test_time_adds_up_like_floats() -> None:
    """Sleeping 0.1 and then 0.2 ends at 0.1 + 0.2, and ten times 0.1 at their sum."""

    async def main() -> list[float]:
        await asyncio.sleep(0.1)
        await asyncio.sleep(0.2)
        first = now()
        for _ in range(10):
            await asyncio.sleep(0.1)
        return [first, now()]

    first, last = run(main)
    expected = 0.1 + 0.2
    assert first == expected
    for _ in range(10):
        expected += 0.1
    assert last == expected


def test_timers_of_one_moment_fire_in_order_at_that_moment() -> None:
    """Timers due at the same moment fire in the order in which they were set, all at the same time."""

    async def main() -> list[tuple[int, float]]:
        seen: list[tuple[int, float]] = []
        loop = asyncio.get_running_loop()
        for number in range(20):
            loop.call_later(2.5, lambda n: seen.append((n, now())), number)
        await asyncio.sleep(2.5)
        return seen

    assert run(main) == [(number, 2.5) for number in range(20)]


@pytest.mark.parametrize("start", [0.0, 1e9, 1e12])
def test_sleepers_of_one_moment_end_together(start: float) -> None:
    """Sleepers that wake at the same moment see the same time, also late in the clock's life."""

    async def main() -> set[float]:
        await asyncio.sleep(start)

        async def sleeper() -> float:
            await asyncio.sleep(0.1)
            await asyncio.sleep(0.2)
            return now()

        return set(await asyncio.gather(*[sleeper() for _ in range(5)]))

    assert len(run(main)) == 1


def test_timers_fire_in_the_order_of_time() -> None:
    """Timers fire in the order of their moments, whatever the order in which they were set."""

    async def main() -> list[float]:
        seen: list[float] = []
        loop = asyncio.get_running_loop()
        for due in (3.0, 1.0, 2.0, 0.5, 1e6):
            loop.call_at(due, lambda: seen.append(now()))
        await asyncio.sleep(1e6)
        return seen

    assert run(main) == [0.5, 1.0, 2.0, 3.0, 1e6]


def test_time_passes_while_a_callback_is_busy() -> None:
    """Timers that come due while a callback is busy fire after it, in the order of time; later ones at theirs."""

    async def main() -> list[tuple[str, float]]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        fired: list[tuple[str, float]] = []

        def fire(name: str) -> None:
            fired.append((name, now()))

        for when, name in ((5.0, "on time"), (3.0, "late"), (2.0, "very late")):
            loop.call_at(when, fire, name)
        await asyncio.sleep(1)
        loop.advance(3)
        fire("busy")
        await asyncio.sleep(2)
        return fired

    assert run(main) == [("busy", 4), ("very late", 4), ("late", 4), ("on time", 5)]


def test_cancelled_timer_does_not_move_the_clock() -> None:
    """A cancelled timer is no moment the clock stops at."""

    async def main() -> float:
        asyncio.get_running_loop().call_later(5, print).cancel()
        await asyncio.sleep(7)
        return now()

    assert run(main) == 7


def test_timeouts_are_exact() -> None:
    """asyncio.timeout and wait_for end what is too slow at exactly their moment, and let pass what is not."""

    async def main() -> list[float]:
        ends = []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await asyncio.sleep(100)
        ends.append(now())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(100), 2)
        ends.append(now())
        await asyncio.wait_for(asyncio.sleep(1), 1.001)
        ends.append(now())
        async with asyncio.timeout(10):
            await asyncio.sleep(9.5)
        ends.append(now())
        return ends

    assert run(main) == [1.5, 3.5, 4.5, 14.0]


def test_waiting_for_ever_is_no_time() -> None:
    """A sleep of infinite length never ends: that is a standstill, not a moment."""

    async def main() -> None:
        await asyncio.sleep(math.inf)

    with pytest.raises(Deadlock):
        run(main)


def test_infinite_timeout_leaves_other_times_exact() -> None:
    """An infinite timeout changes no other time."""

    async def main() -> float:
        async with asyncio.timeout(math.inf):
            await asyncio.sleep(2)
        await asyncio.sleep(1)
        return now()

    assert run(main) == 3


async def nobody_sets() -> None:
    """Wait for an event nobody sets."""
    await asyncio.Event().wait()


async def through_gather() -> None:
    """Wait through gather."""
    await asyncio.gather(nobody_sets(), asyncio.sleep(1))


async def through_task() -> None:
    """Wait for a task that waits."""
    await asyncio.create_task(nobody_sets(), name="inner")


async def through_shield() -> None:
    """Wait through shield and wait_for."""
    await asyncio.wait_for(asyncio.shield(nobody_sets()), None)


async def through_semaphore() -> None:
    """Take a semaphore's only slot twice."""
    semaphore = asyncio.Semaphore(1)
    async with semaphore, semaphore:
        pass


async def through_lock() -> None:
    """Take a lock twice."""
    lock = asyncio.Lock()
    async with lock:
        await lock.acquire()


async def through_queue() -> None:
    """Wait for an item nobody puts."""
    await asyncio.Queue[int]().get()


async def through_join() -> None:
    """Wait until a queue that nobody works on is done."""
    queue = asyncio.Queue[int]()
    queue.put_nowait(1)
    await queue.join()


async def numbers() -> AsyncIterator[int]:
    """Give one number and then wait for ever."""
    yield 1
    await nobody_sets()


async def through_generator() -> None:
    """Iterate over what never ends."""
    async for _ in numbers():
        pass


async def through_anext() -> None:
    """Ask a generator for its next item, with a default."""
    items = numbers()
    await anext(items, 0)
    await anext(items, 0)


async def through_condition() -> None:
    """Wait for a condition nobody notifies."""
    condition = asyncio.Condition()
    async with condition:
        await condition.wait()


async def through_barrier() -> None:
    """Wait at a barrier for a party that never comes."""
    await asyncio.Barrier(2).wait()


async def through_group() -> None:
    """Wait for a task of a group."""
    async with asyncio.TaskGroup() as group:
        group.create_task(nobody_sets())


async def through_nested() -> None:
    """Wait three coroutines deep."""

    async def middle() -> None:
        await nobody_sets()

    await middle()


class Waiter:
    """Waits in a hand-written `__await__`."""

    def __await__(self) -> Any:
        return nobody_sets().__await__()


async def through_await() -> None:
    """Wait through a hand-written `__await__`."""
    await Waiter()


DEADLOCKS: list[tuple[Main, list[str]]] = [
    (nobody_sets, ["nobody_sets (", "Event.wait", "await asyncio.Event().wait()"]),
    (through_gather, ["through_gather (", "gather()", "nobody_sets (", "await asyncio.Event().wait()"]),
    (through_task, ["through_task (", "waits for inner", "inner: nobody_sets ("]),
    (through_shield, ["through_shield (", "nobody_sets ("]),
    (through_semaphore, ["through_semaphore (", "Semaphore.acquire", "async with semaphore, semaphore:"]),
    (through_lock, ["through_lock (", "Lock.acquire", "await lock.acquire()"]),
    (through_queue, ["through_queue (", "Queue.get", "await asyncio.Queue[int]().get()"]),
    (through_join, ["through_join (", "await queue.join()"]),
    (through_generator, ["through_generator (", "numbers (", "nobody_sets (", "Event.wait"]),
    (through_anext, ["through_anext (", "numbers (", "nobody_sets (", "Event.wait"]),
    (through_condition, ["through_condition (", "Condition.wait"]),
    (through_barrier, ["through_barrier (", "Barrier"]),
    (through_group, ["through_group (", "TaskGroup", "nobody_sets ("]),
    (through_nested, ["through_nested (", "through_nested.middle (", "nobody_sets ("]),
    (through_await, ["through_await (", "nobody_sets ("]),
]


@pytest.mark.parametrize(("main", "parts"), DEADLOCKS, ids=[main.__name__ for main, _ in DEADLOCKS])
def test_standstill_is_told_with_the_chain(main: Main, parts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A standstill is reported at once, with each task's chain of awaits down to the line that waits."""
    # These coroutines stand for an answer, though they are written in a file of checks.
    monkeypatch.setattr("asyncio_katas.lab.chains.Place.is_check", False)
    with pytest.raises(Deadlock) as caught:
        run(main)
    text = str(caught.value)
    assert [part for part in parts if part not in text] == [], text


def test_standstill_names_the_moment() -> None:
    """A standstill is reported with the loop time at which it came, after every timer has fired."""

    async def main() -> None:
        await asyncio.sleep(12.5)
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match=r"t=12\.5") as caught:
        run(main)
    assert caught.value.mark is not None
    assert caught.value.mark.at == 12.5


def test_many_waiting_tasks_are_summed_up() -> None:
    """A standstill of fifty tasks shows a few of them and the number of the others."""

    async def main() -> None:
        await asyncio.gather(*[nobody_sets() for _ in range(50)])

    with pytest.raises(Deadlock, match=r"and 4\d more: nobody_sets"):
        run(main)


async def polls_by_turns() -> None:
    """Ask again and again in the same moment."""
    while True:
        await asyncio.sleep(0)


async def polls_by_time() -> None:
    """Ask again every hundredth of a second."""
    while True:
        await asyncio.sleep(0.01)


async def polls_beside_others() -> None:
    """Let one of many waiting tasks ask again and again."""

    async def poll() -> None:
        while True:
            await asyncio.sleep(0.03)

    await asyncio.gather(*[nobody_sets() for _ in range(10)], poll())


async def rearms() -> None:
    """Call back for ever, from a plain callback."""
    loop = asyncio.get_running_loop()

    def again_at_once() -> None:
        loop.call_soon(again_at_once)

    again_at_once()
    await asyncio.Event().wait()


async def rearms_from_thread_api() -> None:
    """Call back for ever, by the door that threads use."""
    loop = asyncio.get_running_loop()

    def again_by_thread_api() -> None:
        loop.call_soon_threadsafe(again_by_thread_api)

    again_by_thread_api()
    await asyncio.Event().wait()


async def rearms_a_timer() -> None:
    """Set a timer for ever, from its own callback."""
    loop = asyncio.get_running_loop()

    def again_later() -> None:
        loop.call_later(0.05, again_later)

    again_later()
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("main", "line"),
    [
        (polls_by_turns, "await asyncio.sleep(0)"),
        (polls_by_time, "await asyncio.sleep(0.01)"),
        (polls_beside_others, "await asyncio.sleep(0.03)"),
        (rearms, "def again_at_once() -> None:"),
        (rearms_from_thread_api, "def again_by_thread_api() -> None:"),
        (rearms_a_timer, "def again_later() -> None:"),
    ],
    ids=["sleep(0)", "sleep(0.01)", "sleep beside others", "call_soon", "call_soon_threadsafe", "call_later"],
)
def test_spinning_is_told_with_the_line(main: Main, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that turns for ever is reported, with the line that keeps it turning."""
    monkeypatch.setattr("asyncio_katas.lab.chains.Place.is_check", False)
    monkeypatch.setattr("asyncio_katas.lab.clock.TURNS_AT_ALL", 25_000)
    with pytest.raises(Spinning) as caught:
        run(main)
    assert line in str(caught.value)


def test_many_tasks_at_one_moment_are_no_spinning() -> None:
    """Ten thousand tasks that each take a few turns in one moment are no spinning."""

    async def main() -> int:
        async def one() -> int:
            for _ in range(5):
                await asyncio.sleep(0)
            return 1

        return sum(await asyncio.gather(*[one() for _ in range(10_000)]))

    assert run(main) == 10_000


def test_streams_work_under_a_pending_timeout() -> None:
    """Loopback streams carry their bytes although a timer is waiting, and no loop time passes."""

    async def main() -> tuple[bytes, float]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                writer.write(line.upper())
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, asyncio.timeout(0.001):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            got = b""
            for _ in range(50):
                writer.write(b"ping\n")
                got += await reader.readline()
            writer.close()
            await writer.wait_closed()
        return got, now()

    got, ended = run(main)
    assert (got, ended) == (b"PING\n" * 50, 0.0)


def test_large_transfer_under_a_pending_timeout() -> None:
    """A transfer larger than every buffer passes in no loop time."""

    async def main() -> tuple[int, float]:
        left, right = socket.socketpair()
        left.setblocking(False)
        right.setblocking(False)
        loop = asyncio.get_running_loop()
        size = 3_000_000

        async def receive() -> int:
            got = 0
            while got < size:
                got += len(await loop.sock_recv(right, 65_536))
            return got

        with left, right:
            async with asyncio.timeout(0.001):
                _, got = await asyncio.gather(loop.sock_sendall(left, bytes(size)), receive())
        return got, now()

    assert run(main) == (3_000_000, 0.0)


def test_silent_socket_does_not_hold_the_clock() -> None:
    """A socket that nobody writes to lets a timeout come at its moment."""

    async def main() -> float:
        left, right = socket.socketpair()
        right.setblocking(False)
        with left, right, pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.get_running_loop().sock_recv(right, 1)
        return now()

    assert run(main) == 3
