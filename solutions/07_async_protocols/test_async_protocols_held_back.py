"""Held-back checks of kata 07: the same contract on inputs that derive from a secret seed."""

import random
from collections.abc import Sequence
from typing import cast

import async_protocols as kata
import pytest

from asyncio_katas.lab import Call, Lab, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


class Connection:
    """Gives the pages it was made with, and knows who uses it."""

    def __init__(self, lab: Lab, pages: Sequence[Sequence[object]]) -> None:
        self._lab, self._pages = lab, pages
        self.asked: list[int] = []
        self.users = self.closed = 0

    async def page(self, query: str, cursor: int) -> tuple[Sequence[object], int | None]:
        """Return a page; the cursors of this connection go up in tens."""
        self.asked.append(cursor)
        await self._lab.pause(1)
        number = cursor // 10
        return self._pages[number], cursor + 10 if number + 1 < len(self._pages) else None

    async def close(self) -> None:
        """Take a moment."""
        await self._lab.pause(0.5)
        self.closed += 1


class Server:
    """Opens connections, and refuses at some attempts."""

    def __init__(
        self, lab: Lab, pages: Sequence[Sequence[object]] = ((),), refusing: frozenset[int] = frozenset()
    ) -> None:
        self.conns: list[Connection] = []
        self.attempts = 0

        async def connect() -> Connection:
            self.attempts += 1
            number = self.attempts
            await lab.pause(1)
            if number in refusing:
                raise ConnectionError(number)
            self.conns.append(Connection(lab, pages))
            return self.conns[-1]

        self.connect = connect


@pytest.mark.task(1)
async def test_countdowns_of_any_length(lab: Lab) -> None:
    """Countdown: any start and any pace, and several loops over one object at the same time."""
    rng = chance("countdown")
    start, every = rng.randrange(0, 12), rng.randrange(1, 12) / 4
    countdown = kata.Countdown(start, every=every)

    async def loop(delay: float) -> list[tuple[int, float]]:
        await lab.pause(delay)
        return [(number, lab.now) async for number in countdown]

    delays = [rng.randrange(0, 16) / 8 for _ in range(3)]
    calls = [lab.call(loop, delay) for delay in delays]
    for call, delay in zip(calls, delays, strict=True):
        await call
        call.expect_value([(start - n, delay + (n + 1) * every) for n in range(start)])


@pytest.mark.task(2)
async def test_any_number_of_borrowers(lab: Lab) -> None:
    """Pool: however many ask for however long, nobody shares, the size is kept, and each connection is closed once."""
    rng = chance("pool")
    for _ in range(3):
        size, count = rng.randrange(1, 5), rng.randrange(5, 16)
        server, served, shared = Server(lab), [0], [0]
        pool = kata.Pool(server.connect, size)

        async def borrow(delay: float, seconds: float) -> None:
            await lab.pause(delay)
            async with pool.connection() as lent:
                conn = cast(Connection, lent)
                conn.users += 1
                shared[0] = max(shared[0], conn.users)
                await lab.pause(seconds)
                conn.users -= 1
                served[0] += 1

        async def use() -> None:
            async with pool:
                calls = [lab.call(borrow, rng.randrange(0, 20) / 4, rng.randrange(1, 20) / 4) for _ in range(count)]
                for call in calls:
                    await call
                    call.raise_crash()

        call = await lab.call(use)
        call.raise_crash()
        expect(served[0] == count, "{count} were served.", count=served[0])
        expect(shared[0] == 1, "One connection was lent to {count} at once.", count=shared[0])
        expect(
            len(server.conns) <= size, "{count} connections for a size of {size}.", count=len(server.conns), size=size
        )
        expect_same([conn.closed for conn in server.conns], [1] * len(server.conns), "They were closed {actual} times.")


@pytest.mark.task(2)
async def test_a_refused_connection_is_one_callers_affair(lab: Lab) -> None:
    """Pool: whichever attempt to connect fails, its exception leaves there, and somebody else may try."""
    rng = chance("refused")
    refusing = frozenset(rng.sample(range(1, 5), k=rng.randrange(1, 4)))
    server = Server(lab, refusing=refusing)
    pool = kata.Pool(server.connect, 1)
    calls: list[Call] = []

    async def borrow() -> None:
        async with pool.connection():
            await lab.pause(1)

    async def use() -> None:
        async with pool:
            calls.extend(lab.call(borrow) for _ in range(6))
            for call in calls:
                await call

    (await lab.call(use)).raise_crash()
    first = next(number for number in range(1, 7) if number not in refusing)
    failed = sum(isinstance(call.error, ConnectionError) for call in calls)
    expect(failed == first - 1, "{failed} were refused, and {due} attempts failed.", failed=failed, due=first - 1)
    expect(all(call.error is None or isinstance(call.error, ConnectionError) for call in calls), "Another one failed.")


@pytest.mark.task(3)
async def test_all_rows_of_any_pages(lab: Lab) -> None:
    """rows: all rows of any pages, empty ones among them, from one connection, which then is back."""
    rng = chance("rows")
    pages = [[rng.random() for _ in range(rng.choice([0, 0, 1, 3]))] for _ in range(rng.randrange(2, 9))]
    server = Server(lab, pages)
    pool = kata.Pool(server.connect, 1)

    async def use() -> list[list[object]]:
        async with pool:
            return [[row async for row in kata.rows(pool, "q")] for _ in range(2)]

    call = await lab.call(use)
    call.expect_value([[row for page in pages for row in page]] * 2)
    expect(len(server.conns) == 1, "{count} connections were opened.", count=len(server.conns))
    expect_same(server.conns[0].asked, [n * 10 for n in range(len(pages))] * 2, "Asked for {actual}, not {expected}.")


@pytest.mark.task(3)
async def test_left_after_any_row(lab: Lab) -> None:
    """rows: who leaves after any row by aclose() gives the connection back, and no page was asked too early."""
    rng = chance("left")
    pages = [[(page, row) for row in range(rng.randrange(1, 4))] for page in range(5)]
    leave = rng.randrange(1, sum(map(len, pages)))
    server = Server(lab, pages)
    pool = kata.Pool(server.connect, 1)

    async def use() -> int:
        async with pool:
            iterator = kata.rows(pool, "q")
            last = (0, 0)
            for _ in range(leave):
                last = await anext(iterator)
            asked = len(server.conns[0].asked)
            await iterator.aclose()  # type: ignore[attr-defined]
            async with pool.connection():
                return asked - last[0]

    call = await lab.call(use)
    call.expect_value(1)
