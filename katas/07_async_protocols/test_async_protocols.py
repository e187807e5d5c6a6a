"""Checks of kata 07."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import cast

import async_protocols as kata
import pytest

from asyncio_katas.lab import Call, Lab, Mark, Message, expect, fail, show

Page = tuple[Sequence[object], int | None]


class Connection:
    """A connection that records its pages and its closing."""

    def __init__(self, db: "Database", number: int) -> None:
        self.number = number
        self._sent = 0

        async def page(query: str, cursor: int) -> Page:
            db.asked.append((number, query, cursor))
            await db.lab.pause(1)
            if isinstance(db.pages, Exception):
                raise db.pages
            self._sent += 1
            return db.pages[(self._sent - 1) % len(db.pages)]

        async def close() -> None:
            seconds, failure = db.closing.get(number, (1.0, None))
            try:
                await db.lab.pause(seconds)
                if failure is not None:
                    raise failure
            finally:
                db.open -= 1

        self.page = db.lab.probe(page, name=f"page on {number}", label=lambda query, cursor: f"{number}: page {cursor}")
        self.close = db.lab.probe(close, name=f"close {number}")

    def __repr__(self) -> str:
        return f"<connection {self.number}>"


@dataclass
class Use:
    """One lease: what was lent, from when to when."""

    conn: object
    start: float
    end: float | None = None


class Database:
    """Opens connections, numbered from 1, and records what becomes of them."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        # What connect() raises instead, by the number of the attempt; how long close() takes, and what it raises.
        self.refusing: dict[int, Exception] = {}
        self.closing: dict[int, tuple[float, Exception | None]] = {}
        self.pages: Sequence[Page] | Exception = [(["only"], None)]
        self.asked: list[tuple[int, str, int]] = []
        self.conns: list[Connection] = []
        self.uses: list[Use] = []
        self.entered: object = self
        # Open connections and those being opened or closed.
        self.open = self.most = 0
        self.most_at = 0.0
        attempts = 0

        async def connect() -> Connection:
            nonlocal attempts
            attempts += 1
            number = attempts
            self.open += 1
            if self.open > self.most:
                self.most, self.most_at = self.open, lab.now
            try:
                await lab.pause(1)
                if number in self.refusing:
                    raise self.refusing[number]
            except BaseException:
                self.open -= 1
                raise
            conn = Connection(self, len(self.conns) + 1)
            self.conns.append(conn)
            return conn

        self.connect = lab.probe(connect)

    def borrow(self, pool: kata.Pool, seconds: float = 1, problem: Exception | None = None) -> Call:
        """Start a lease."""
        return self.lab.call(borrower, self, pool, seconds, problem)

    def expect_real(self) -> None:
        """Expect that only what connect() returned has been lent."""
        for use in self.uses:
            expect(
                any(use.conn is conn for conn in self.conns),
                "`async with pool.connection() as conn` gave {conn} instead of a connection.",
                look="The name after `as` gets what entering returns: a connection that connect() has opened.",
                conn=show(use.conn),
            )


async def borrower(db: Database, pool: kata.Pool, seconds: float, problem: Exception | None) -> None:
    """Use a connection for so long, and then leave by `problem`, if there is one."""
    async with pool.connection() as conn:
        use = Use(conn, db.lab.now)
        span = db.lab.timeline.begin("  has one", use.start)
        span.how = "returned"
        db.uses.append(use)
        try:
            await db.lab.pause(seconds)
            if problem is not None:
                raise problem
        finally:
            use.end = span.end = db.lab.now


async def block(db: Database, size: int, body: Callable[[kata.Pool], Awaitable[None]]) -> None:
    """Enter a pool, go through the body, leave the pool."""
    async with kata.Pool(cast("Callable[[], Awaitable[kata.Conn]]", db.connect), size) as pool:
        db.entered = pool
        if pool is not None:
            await body(pool)


async def run_block(db: Database, size: int, body: Callable[[kata.Pool], Awaitable[None]]) -> tuple[Call, bool]:
    """Run a block to its end; tell whether it could not go on, and had to be cancelled."""
    call = db.lab.call(block, db, size, body)
    await db.lab.until(lambda: call.over)
    expect(
        db.entered is not None,
        "In `async with Pool(...) as pool` the name got None.",
        look="The name after `as` gets what __aenter__ returns: the pool itself.",
    )
    stuck = not call.over
    if stuck:
        for pending in db.lab.calls:
            if isinstance(pending, Call) and not pending.over:
                pending.cancel()
        await db.lab.until(lambda: call.over)
    return call, stuck


def expect_done(call: Call, stuck: bool) -> None:
    """Expect the block to have been left by itself, and without an exception."""
    if stuck:
        fail(
            "The block of the pool never ended: somebody in it waited for what never came.",
            look="Everybody who asks gets a connection in the end: follow each one from connect() until it is back.",
        )
    call.raise_crash()


def expect_out(
    call: Call, expected: BaseException | type[BaseException], template: str, look: str, **values: object
) -> None:
    """Expect an exception to have come out of the `async with` or `async for` in a function of the check's own."""
    error = call.error
    came = Message("no exception came out")
    if error is not None:
        came = Message.of("what came out was {error}", {"error": show(error)})
    expect(
        error is expected if isinstance(expected, BaseException) else isinstance(error, expected),
        template,
        look=look,
        mark=Mark(call.ended or 0.0, "{came}"),
        came=came,
        expected=show(expected),
        **values,
    )


async def count(lab: Lab, countdown: kata.Countdown, seen: list[tuple[object, float]]) -> None:
    """Loop over a countdown, and note each number with its moment."""
    began = lab.now
    async for number in countdown:
        seen.append((number, lab.now - began))
        if len(seen) > 8:
            break


def expect_loop(call: Call) -> None:
    """Expect a loop over an asynchronous iterator to have ended well."""
    if isinstance(call.error, RuntimeError) and "StopIteration" in str(call.error):
        fail(
            "The loop should have ended, but {error} left it.",
            look="The end of an asynchronous iteration has an exception of its own: StopAsyncIteration.",
            error=show(call.error),
        )
    call.raise_crash()


@pytest.mark.task(1)
async def test_countdown(lab: Lab) -> None:
    """Countdown: gives start, ..., 1, and `every` seconds pass before each number."""
    seen: list[tuple[object, float]] = []
    call = await lab.call(count, lab, kata.Countdown(3, every=2), seen)
    expect_loop(call)
    numbers = [number for number, _ in seen]
    expect(
        numbers == [3, 2, 1],
        "A countdown from 3 gave {numbers}{more}.",
        look="It begins with `start` and ends with 1.",
        numbers=show(numbers),
        more=Message(" and went on") if len(numbers) > 8 else "",
    )
    times = [moment for _, moment in seen]
    expect(
        times == [2, 4, 6],
        "Countdown(3, every=2): the numbers came at t={times}, expected [2.0, 4.0, 6.0].",
        look="The pause comes before each number, the first included, and it is one pause for each.",
        times=show(times),
    )
    expect(
        call.ended == 6,
        "The last number came at t=6, but the loop ended only at t={ended}.",
        look="A pause stands before each number, and after the last there is none to wait for.",
        mark=call.end(due=6),
        ended=call.ended,
    )
    nothing: list[tuple[object, float]] = []
    call = await lab.call(count, lab, kata.Countdown(0, every=2), nothing)
    expect_loop(call)
    expect(
        nothing == [] and call.ended == 6,
        "A countdown from 0 gave {numbers} and took {took} s; there is nothing to count and to wait for.",
        look="The last number is 1, so from 0 there is none.",
        numbers=show([number for number, _ in nothing]),
        took=(call.ended or 0.0) - 6,
    )


@pytest.mark.task(1)
async def test_each_loop_counts_from_the_start(lab: Lab) -> None:
    """Countdown: each loop over one object counts from the start, one after the other and at the same time."""
    expected = [(3, 2.0), (2, 4.0), (1, 6.0)]
    countdown = kata.Countdown(3, every=2)
    for words in ("first", "second"):
        seen: list[tuple[object, float]] = []
        expect_loop(await lab.call(count, lab, countdown, seen))
        expect(
            seen == expected,
            "The {words} loop over one Countdown(3, every=2) gave (number, seconds) {seen}, expected {expected}.",
            look="An iterator can be used up, a countdown cannot: what is new for each loop belongs to the iterator.",
            words=Message(words),
            seen=show(seen),
            expected=show(expected),
        )
    one: list[tuple[object, float]] = []
    other: list[tuple[object, float]] = []
    calls = [lab.call(count, lab, countdown, one)]
    await lab.pause(1)
    calls.append(lab.call(count, lab, countdown, other))
    for call in calls:
        await call
    for call in calls:
        expect_loop(call)
    expect(
        one == expected and other == expected,
        "Two loops over one Countdown(3, every=2) at the same time gave {one} and {other}, expected {expected} twice.",
        look="Where does the current number live? In the object both loops share it; each iterator needs its own.",
        one=show([number for number, _ in one]),
        other=show([number for number, _ in other]),
        expected=show([3, 2, 1]),
    )


def expect_all_closed(db: Database, call: Call) -> None:
    """Expect each connection to have been closed once, before the block was left."""
    unclosed = [conn for conn in db.conns if not conn.close.started]
    expect(
        not unclosed,
        "{opened} connections were opened, and {count} of them never closed.",
        look="close() has to run for each connection that was ever opened. It is a coroutine: who awaits it?",
        opened=len(db.conns),
        count=len(unclosed),
    )
    for conn in db.conns:
        span = conn.close.spans[0]
        expect(
            span.how != "cancelled",
            "Closing connection {number} began at t={start}, and was cancelled.",
            look="What closes several at once must not stop the others when one fails. A TaskGroup does.",
            number=conn.number,
            start=span.start,
        )
        expect(
            span.end is not None and span.end <= (call.ended or 0.0),
            "The block was left at t={ended}, while connection {number} was still being closed.",
            look="Leaving waits for every close(): await it, not only start it.",
            mark=Mark(call.ended or 0.0, "the block is left"),
            ended=call.ended,
            number=conn.number,
        )
        expect(
            conn.close.started == 1,
            "Connection {number} was closed {count} times.",
            number=conn.number,
            count=conn.close.started,
        )


@pytest.mark.task(2)
async def test_all_are_closed_on_leaving(lab: Lab) -> None:
    """Pool: leaving the block closes every connection, once, and waits until they are closed."""
    db = Database(lab)

    async def body(pool: kata.Pool) -> None:
        for lease in [db.borrow(pool, seconds) for seconds in (1, 2, 4)]:
            await lease

    call, stuck = await run_block(db, 3, body)
    expect_done(call, stuck)
    for lease in lab.calls:
        lease.raise_crash()
    expect_all_closed(db, call)


@pytest.mark.task(2)
async def test_connections_are_opened_on_demand(lab: Lab) -> None:
    """Pool: a connection is opened only when one is asked for and none is idle."""
    db = Database(lab)
    opened: list[int] = []

    async def body(pool: kata.Pool) -> None:
        await lab.pause(4)
        opened.append(db.connect.started)
        await db.borrow(pool)
        await lab.pause(4)
        await db.borrow(pool)
        opened.append(db.connect.started)
        await lab.pause(4)
        both = [db.borrow(pool, 8), db.borrow(pool, 8)]
        for lease in both:
            await lease
        opened.append(db.connect.started)

    call, stuck = await run_block(db, 3, body)
    expect(
        not opened or opened[0] == 0,
        "Connections opened before anybody had asked for one: {count}, expected 0.",
        look="A connection costs the server something: open one when it is asked for.",
        count=opened[0] if opened else 0,
    )
    expect_done(call, stuck)
    for lease in lab.calls:
        lease.raise_crash()
    db.expect_real()
    expect(
        opened[1] == 1,
        "One lease had ended when the next began, and {count} connections were opened for the two.",
        look="A connection that comes back is idle, and who asks next gets that one. Look there before you open.",
        count=opened[1],
    )
    expect(
        opened[2] <= 2,
        "One connection was idle, two were asked for at once, and {count} were opened in all instead of 2.",
        look="One of the two gets the idle connection, the other a new one.",
        count=opened[2],
    )


@pytest.mark.task(2)
async def test_size_is_kept_and_reached(lab: Lab) -> None:
    """Pool: never more than `size` connections, and that many; none is lent twice; who waits gets the next one back."""
    # And once so that two come back at the same moment, and once so that the first comes back early: a pool that opens
    # its connections one after the other is still opening the second one then.
    for times in ((2, 3.5, 1, 1, 1), (2, 2, 1, 1), (0.5, 3.5, 1)):
        db = Database(lab)

        async def body(pool: kata.Pool) -> None:
            for lease in [db.borrow(pool, seconds) for seconds in times]:
                await lease

        call, stuck = await run_block(db, 2, body)
        expect(
            db.most <= 2,
            "size=2, but {count} connections were open or being opened at t={t}.",
            look="A connection counts, idle or lent, from the moment at which connect() begins until it is closed.",
            mark=Mark(db.most_at, "one too many"),
            t=db.most_at,
            count=db.most,
        )
        for use in db.uses:
            same = [other for other in db.uses if other.conn is use.conn]
            expect(
                not any(o.start < (use.end or 0.0) and use.start < (o.end or 0.0) for o in same if o is not use),
                "One connection was lent to two blocks at the same time, at t={t}.",
                look="A connection that is in use is not idle.",
                mark=Mark(use.start, "lent"),
                t=use.start,
            )
        expect(
            len(db.uses) == len(times) or not stuck,
            "size=2 and {leases} leases: only {count} of them got a connection, the others wait for ever.",
            look="Who gives a connection back has to wake one of those who wait for it.",
            leases=len(times),
            count=len(db.uses),
        )
        expect_done(call, stuck)
        for lease in lab.calls:
            expect(
                lease.error is None,
                "size=2 and {leases} leases: one of them raised {error}.",
                look="Who asks while all connections are in use waits for one that comes back.",
                leases=len(times),
                error=show(lease.error),
            )
        db.expect_real()
        together = [sum(1 for o in db.uses if o.start <= use.start < (o.end or 0.0)) for use in db.uses]
        expect(
            max(together, default=0) == 2,
            "size=2 and {leases} leases, but never more than {count} connection was in use.",
            look="As long as fewer than `size` are open, nobody has to wait for another lease to end.",
            leases=len(times),
            count=max(together, default=0),
        )
        for number, use in enumerate(db.uses):
            if all(use.conn is not other.conn for other in db.uses[:number]):
                continue
            expect(
                any(use.start == other.end for other in db.uses),
                "A connection came back at t={back}, but who was waiting for it got one only at t={t}.",
                look="Wait for the event itself, without polling: a connection that comes back is lent at once, "
                "whatever is being opened meanwhile.",
                back=max((other.end or 0.0 for other in db.uses if (other.end or 0.0) < use.start), default=0.0),
                t=use.start,
            )


async def read(pool: kata.Pool, query: str, into: list[object]) -> None:
    """Read all rows of a query."""
    async for row in kata.rows(pool, query):
        into.append(row)
        if len(into) > 32:
            break


async def read_one_row(pool: kata.Pool) -> None:
    """Leave an iteration after its first row, and close it."""
    iterator = cast("AsyncGenerator[object, None]", kata.rows(pool, "select"))
    async for _ in iterator:
        break
    await iterator.aclose()


@pytest.mark.task(2)
async def test_rows_of_all_pages(lab: Lab) -> None:
    """rows: gives the rows of all pages in order, until the cursor is None, and then the connection is back."""
    db = Database(lab)
    # Two empty pages, rows that are false, and a cursor that is.
    db.pages = [([], 7), (["a", None], 5), ([], 9), ((0, "b"), 0), (["c"], None)]
    results: list[list[object]] = [[], []]
    calls: list[Call] = []
    cursors: list[object] = []

    async def body(pool: kata.Pool) -> None:
        for result in results:
            calls.append(lab.call(read, pool, "select", result))
            await calls[-1]
            cursors[:] = cursors or [cursor for _, _, cursor in db.asked]

    call, stuck = await run_block(db, 1, body)
    expected = ["a", None, 0, "b", "c"]
    if calls and calls[0].over:
        expect_loop(calls[0])
    expect(
        cursors[:1] in ([], [0]),
        "The first page was asked for with cursor {cursor}.",
        look="The first cursor is 0.",
        cursor=show(cursors[0] if cursors else None),
    )
    expect(
        cursors in ([], [0, 7, 5, 9, 0]),
        "The pages were asked for with the cursors {cursors}, expected [0, 7, 5, 9, 0].",
        look="Each page brings the cursor of the next. Only None is the end: no empty page is, and no cursor 0.",
        cursors=show(cursors),
    )
    expect(
        results[0] == expected or stuck,
        "The pages are {pages}, but rows gave {rows}.",
        look="Every row of every page, in order, those of the last page too.",
        pages=show([list(page) for page, _ in db.pages]),
        rows=show(results[0]),
    )
    expect(
        not (stuck and len(calls) == 2),
        "size=1: one iteration had read its last row, and the next never got a connection.",
        look="The connection has to come back when the iteration ends.",
    )
    expect_done(call, stuck)
    expect_loop(calls[1])
    expect(
        results[1] == expected and len(db.conns) == 1,
        "size=1: a second iteration gave {rows} over {count} connections, expected {expected} over 1.",
        look="Each iteration starts anew, with a connection that it borrows from the pool.",
        rows=show(results[1]),
        expected=show(expected),
        count=len(db.conns),
    )
    expect({query for _, query, _ in db.asked} == {"select"}, "page() was not given the query.")


@pytest.mark.task(2)
async def test_pages_are_fetched_when_needed_on_one_connection(lab: Lab) -> None:
    """rows: a page is fetched only when its first row is asked for, and always on the same connection."""
    db = Database(lab)
    db.pages = [(["a", "b"], 5), (["c"], None)]
    got: list[object] = []
    asked: list[int] = []

    async def body(pool: kata.Pool) -> None:
        iterator = kata.rows(pool, "select")
        await lab.pause(4)
        asked.append(len(db.asked))
        for _ in range(2):
            got.append(await anext(iterator))
            await lab.pause(4)
            asked.append(len(db.asked))
        # Whoever has given the connection back meanwhile will not get it for the next page.
        other = db.borrow(pool, 16)
        await lab.pause(4)
        async for row in iterator:
            got.append(row)
            if len(got) > 8:
                break
        await other

    call, stuck = await run_block(db, 2, body)
    look = "Who stops reading early should not have waited for more. When does your code ask for a page?"
    expect(
        asked[:1] in ([], [0]),
        "Nobody had asked for a row yet, but page() had been called.",
        look=look,
    )
    expect(
        asked[1:] in ([], [1], [1, 1]),
        "The first page has two rows. The number of pages asked for, after one row and after two: {asked}; "
        "expected 1 and 1.",
        look=look,
        asked=Message.listed([str(pages) for pages in asked[1:]]),
    )
    used = sorted({number for number, _, _ in db.asked})
    expect(
        len(used) <= 1,
        "The pages of one iteration were fetched on connections {used}.",
        look="The cursor belongs to the connection that gave it: keep that one until the iteration has ended.",
        used=show(used),
    )
    expect_done(call, stuck)
    expect(got == ["a", "b", "c"], "Three rows were to come, and {rows} came.", rows=show(got))


@pytest.mark.task(3)
async def test_connection_comes_back_after_a_failed_block(lab: Lab) -> None:
    """connection: comes back after an exception or a cancellation in its block, which leaves as it is."""
    failure = LookupError("raised in the block")
    for words, problem, seconds in (("an exception", failure, 1.0), ("a cancellation", None, 64.0)):
        db = Database(lab)
        leases: list[Call] = []

        async def body(pool: kata.Pool) -> None:
            leases.append(db.borrow(pool, seconds, problem))
            await lab.pause(4)
            leases[0].cancel()
            await leases[0]
            leases.append(db.borrow(pool))
            await leases[1]

        call, stuck = await run_block(db, 1, body)
        expect(
            len(db.uses) == 2 or len(leases) < 2,
            "size=1: a lease was left by {words}, and the next one never got a connection.",
            look="The way back has to be taken on every way out: `finally` is for that, and `except Exception` is not.",
            words=Message(words),
        )
        expected: BaseException | type[BaseException] = problem or asyncio.CancelledError
        if leases:
            expect_out(
                leases[0],
                expected,
                "The block of a lease was left by {expected}, but {came}.",
                look="Whoever cleans up lets the exception pass: neither swallow nor replace it.",
            )
        expect_done(call, stuck)
        leases[1].raise_crash()
        db.expect_real()
        expect(
            db.connect.started == 1,
            "A lease was left by {words}; {count} connections were opened, although the first one could be lent again.",
            look="Nothing is wrong with the connection. Is the line that gives it back reached on every way out?",
            words=Message(words),
            count=db.connect.started,
        )
        expect_all_closed(db, call)


@pytest.mark.task(3)
async def test_who_gets_no_connection_takes_none_away(lab: Lab) -> None:
    """connection: after a failed or cancelled connect(), or a cancelled wait, others still get their connection."""
    refused = ConnectionRefusedError("not up yet")

    async def failed(db: Database, pool: kata.Pool) -> Call:
        db.refusing[1] = refused
        return await db.borrow(pool)

    async def failed_while_another_waits(db: Database, pool: kata.Pool) -> Call:
        db.refusing[1] = refused
        first, second = db.borrow(pool), db.borrow(pool)
        await first
        await second
        return first

    async def cancelled_in_connect(db: Database, pool: kata.Pool) -> Call:
        lease = db.borrow(pool)
        await lab.pause(0.5)
        lease.cancel()
        return await lease

    async def cancelled_while_waiting(db: Database, pool: kata.Pool) -> Call:
        holder, lease = db.borrow(pool, 4), db.borrow(pool)
        await lab.pause(2)
        lease.cancel()
        await lease
        await holder
        return lease

    async def cancelled_when_its_turn_comes(db: Database, pool: kata.Pool) -> Call:
        async with pool.connection():
            lease = db.borrow(pool, 4)
            await lab.pause(2)
        # The connection has just come back, and nobody else had a turn since. It may be either's.
        lease.cancel()
        return await lease

    scenarios: tuple[tuple[str, Callable[[Database, kata.Pool], Awaitable[Call]], BaseException | None], ...] = (
        ("connect() failed", failed, refused),
        ("connect() failed while somebody waited for the only place", failed_while_another_waits, refused),
        ("a caller was cancelled while connect() ran", cancelled_in_connect, None),
        ("a caller was cancelled while it waited for its turn", cancelled_while_waiting, None),
        ("a caller was cancelled at the moment it got its turn", cancelled_when_its_turn_comes, None),
    )
    for words, scenario, error in scenarios:
        db = Database(lab)
        calls: list[Call] = []

        async def body(pool: kata.Pool) -> None:
            calls.append(await scenario(db, pool))
            # Two, since somebody who gives a place back twice lets both in.
            calls.extend([db.borrow(pool), db.borrow(pool)])
            for lease in calls[1:]:
                await lease

        call, stuck = await run_block(db, 1, body)
        expect(
            not stuck,
            "size=1: {words}, and after that nobody ever got a connection.",
            look="Who takes a place and gets no connection gives it back, on every way out, "
            "and lets whoever waits for a place know.",
            words=Message(words),
        )
        expect_done(call, stuck)
        expect_out(
            calls[0],
            error or asyncio.CancelledError,
            "size=1: {words}, and {came}; expected {expected}.",
            look="Who asked for the connection learns why there is none.",
            words=Message(words),
        )
        for lease in calls[1:]:
            lease.raise_crash()
        db.expect_real()
        expect(
            db.most <= 1,
            "size=1: {words}, and after that {count} connections were open at once.",
            look="One place is given back for each that was taken, and not two.",
            words=Message(words),
            count=db.most,
        )


@pytest.mark.task(3)
async def test_leaving_by_an_exception_and_with_a_failing_close(lab: Lab) -> None:
    """Pool: what the block raises leaves as it is, and one failing close() keeps no other connection open."""
    failure = LookupError("no such table")
    cancelled = asyncio.CancelledError()
    for problem, failing in ((failure, 0), (cancelled, 0), (None, 2), (failure, 2), (cancelled, 2)):
        db = Database(lab)
        # Whichever is closed first: there is one that fails while another is still to be closed, or being closed.
        db.closing = {number: (float(number), OSError("reset") if number <= failing else None) for number in (1, 2, 3)}

        leases: list[Call] = []

        async def body(pool: kata.Pool) -> None:
            # They overlap even if connections are opened one after the other.
            leases.extend(db.borrow(pool, seconds) for seconds in (4, 5, 6))
            for lease in leases:
                await lease
            if isinstance(problem, Exception):
                raise problem
            if problem is not None:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
                await lab.pause(1)

        call, stuck = await run_block(db, 3, body)
        if stuck:
            expect_done(call, stuck)
        if len(db.conns) < 3:
            for crashed in (call, *leases):
                # What the body itself has raised is not what went wrong.
                if crashed.error is not problem and not isinstance(crashed.error, asyncio.CancelledError):
                    crashed.raise_crash()
            fail(
                "size=3: three leases overlapped, but connections were opened only for {count} of them.",
                look="As long as fewer than `size` are open, who finds none idle gets a new one.",
                count=len(db.conns),
            )
        how = "" if problem is None else " by an exception" if problem is failure else " by a cancellation"
        unclosed = [conn.number for conn in db.conns if not conn.close.started]
        expect(
            len(unclosed) < 3,
            "The block was left{how}, and none of its 3 connections was closed.",
            look="Connections are closed on every way out of the block.",
            how=Message(how),
        )
        failed = [conn.number for conn in db.conns if conn.close.ended("raised")]
        expect(
            not unclosed or not failed,
            "3 connections were open: close() failed for {failed}, and it was never called for {unclosed}.",
            look="The first exception must not end the closing: catch it, close the others, and see to it then.",
            failed=Message.listed([str(number) for number in failed]),
            unclosed=Message.listed([str(number) for number in unclosed]),
        )
        expect_all_closed(db, call)
        if problem is not None:
            expect_out(
                call,
                asyncio.CancelledError if problem is cancelled else failure,
                "The block was left{how}{and_close}; expected {expected}, but {came}.",
                look="What the block raises leaves it, itself and alone. A failing close() is not worth losing that."
                if failing
                else "What the block raises leaves it: __aexit__ that returns something true swallows it.",
                how=Message(how),
                and_close=Message(" and close() failed for two connections" if failing else ""),
            )


@pytest.mark.task(3)
async def test_closed_pool_lends_nothing(lab: Lab) -> None:
    """connection: RuntimeError with a pool that has been closed."""
    for used, failing in ((True, False), (False, False), (True, True)):
        db = Database(lab)
        db.closing = {1: (1.0, OSError("reset") if failing else None)}
        pools: list[kata.Pool] = []

        async def body(pool: kata.Pool) -> None:
            pools.append(pool)
            if used:
                await db.borrow(pool)

        call, stuck = await run_block(db, 1, body)
        # A failing close() may leave the block as an exception, or not.
        if stuck or not failing:
            expect_done(call, stuck)
        before, uses = db.connect.started, len(db.uses)
        late = db.borrow(pools[0])
        await lab.until(lambda: late.over)
        waits = not late.over
        if waits:
            late.cancel()
            await lab.until(lambda: late.over)
        lent = len(db.uses) > uses
        expect(
            isinstance(late.error, RuntimeError),
            "The pool had been closed{failing}, and then connection() {outcome}; expected a RuntimeError.",
            look="What a close() raises can end __aexit__: is the line that marks the pool as closed reached then, too?"
            if failing
            else "There is nothing to lend any more: its connections are closed, and a new one would be left open.",
            mark=Mark(db.uses[-1].start if lent else late.ended or 0.0, "{outcome}"),
            failing=Message(", although a close() failed" if failing else ""),
            outcome=Message("lent one") if lent else Message("waited for ever") if waits else late.happened,
        )
        expect(
            db.connect.started == before,
            "The pool had been closed, and connection() opened a new one before it raised.",
            look="Ask first whether the pool is closed.",
        )


@pytest.mark.task(3)
async def test_leaving_an_iteration_gives_the_connection_back(lab: Lab) -> None:
    """rows: closing the iterator early, or an exception or a cancellation in page(), gives the connection back."""
    failure = LookupError("no such table")
    for words in ("left early and closed", "ended by an exception of page()", "cancelled while it waited for a page"):
        db = Database(lab)
        db.pages = failure if "exception" in words else [(["a", "b"], 5), (["c"], None)]
        calls: list[Call] = []

        async def body(pool: kata.Pool) -> None:
            if "early" in words:
                calls.append(lab.call(read_one_row, pool))
            else:
                calls.append(lab.call(read, pool, "select", []))
            if "cancelled" in words:
                await lab.pause(1.5)
                calls[0].cancel()
            await calls[0]
            calls.append(db.borrow(pool))
            await calls[1]

        call, stuck = await run_block(db, 1, body)
        expect(
            not (stuck and len(calls) == 2),
            "size=1: an iteration was {words}, and after that nobody got a connection.",
            look="Where the lease ends has to be reached on every way out, when the iterator is closed too.",
            words=Message(words),
        )
        expect_done(call, stuck)
        if "early" in words:
            calls[0].raise_crash()
        else:
            expect_out(
                calls[0],
                failure if "exception" in words else asyncio.CancelledError,
                "The iteration was {words}, but {came}; expected {expected}.",
                look="What ends the iteration is the reader's business: let it pass.",
                words=Message(words),
            )
        calls[1].raise_crash()
        expect(
            len(db.asked) == 1 and db.connect.started == 1,
            "An iteration was {words}; {pages} pages were fetched and {conns} connections opened, expected 1 and 1.",
            words=Message(words),
            pages=len(db.asked),
            conns=db.connect.started,
        )
