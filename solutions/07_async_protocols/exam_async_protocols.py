"""Kata 07, examined from outside."""

from itertools import pairwise
from typing import Any

from asyncio_katas.examine import exam as examine
from asyncio_katas.examine.exam import Call, Exam, Plan, Run, Scene, Service

# What a body that is asked whether to stop answers.
GO_ON, STOP = False, True
SOON = Plan(0.0)
# Far beyond whatever else happens.
NEVER = 4096.0


class Database:
    """Serves connect(), and page() and close() of each connection; everything is seen from here."""

    def __init__(self, exam: Exam, scene: Scene) -> None:
        self.exam, self.scene = exam, scene
        # By the number of the attempt, from 0: what connect() raises; by that of the connection: what close() raises.
        self.refusing: dict[int, Any] = {}
        # By the number of the attempt: how long connect() takes, where that is to be more than a moment.
        self.opening: dict[int, float] = {}
        self.failing: dict[int, Any] = {}
        # What becomes of each page() of an iteration.
        self.pages: list[Plan] = []
        self.things: list[Any] = []
        self.page_calls: list[Service] = []
        self.closes: list[Service] = []
        self._openings: list[Call] = []
        self.asked: list[tuple[int, list[Any]]] = []
        self.most = 0
        self.connect = scene.service(self._connect, exam.form())

    def _connect(self, call: Call) -> Plan:
        number = len(call.service.calls) - 1
        seconds = self.opening.get(number) or self.exam.seconds(1, 2)
        if number in self.refusing:
            return Plan(seconds, error=self.refusing[number])
        place = len(self.things)

        def page(call: Call) -> Plan:
            self.asked.append((place, call.args))
            return self.pages[len(self.asked) - 1]

        pages, close = self.scene.service(page), self.scene.service(lambda _: self._closing(place))
        self.page_calls.append(pages)
        self.closes.append(close)
        self._openings.append(call)
        self.things.append(self.scene.thing(page=(pages, ["query", "cursor"]), close=(close, [])))
        return Plan(seconds, self.things[place])

    def _closing(self, place: int) -> Plan:
        return Plan(self.exam.seconds(1, 4), error=self.failing.get(place))

    @property
    def open(self) -> int:
        """How many connections are open, being opened or being closed."""
        opened = sum(1 for call in self.connect.calls if call.how in {"open", "returned"})
        return opened - sum(1 for close in self.closes if any(not call.is_open for call in close.calls))

    def place(self, lent: list[Any]) -> int:
        """Return which connection was lent; fail where it is none that connect() has given."""
        for place, thing in enumerate(self.things):
            if lent == [{"object": thing["object"][0]}]:
                return place
        examine.fail("`async with pool.connection()` gave {lent}, and not a connection.", lent=lent)

    def enter(self, size: int, body: Plan) -> tuple[Run, Service]:
        """Enter a pool, whose block has this plan."""
        inside = self.scene.service(lambda _: body)
        return self.scene.block("Pool", self.connect, size, body=inside), inside

    def borrow(self, pool: Run, plan: Plan) -> tuple[Run, Service]:
        """Start a lease, whose block has this plan."""
        body = self.scene.service(lambda _: plan)
        return self.scene.block("connection", of=pool, body=body), body

    def leave(self, inside: Service, error: Any = None) -> None:
        """Let the block of a pool end, and everything that follows from that."""
        self.scene.expect(len(inside.calls) == 1, "`async with Pool(...)` never got as far as its block.")
        self.scene.settle(inside.calls[0], error=error)
        self.scene.play()

    def expect_closed(self, pool: Run) -> None:
        """Expect each connection to have been closed once, and the block not to have been left before."""
        self.scene.expect_over(pool)
        for close in (close for close, call in zip(self.closes, self._openings, strict=True) if call.how == "returned"):
            self.scene.expect(len(close.calls) == 1, "A connection was closed {count} times.", count=len(close.calls))
            (call,) = close.calls
            self.scene.expect(not call.cancels, "Closing a connection was cancelled.")
            self.scene.expect(
                (call.end or 0.0) <= (pool.end or 0.0), "The block was left while a connection was being closed."
            )
        self.scene.expect_quiet()


def expect_lent(scene: Scene, body: Service, why: str) -> Call:
    """Return the call of a lease's body; expect it to have got a connection."""
    scene.expect(len(body.calls) == 1, "A lease never got its connection. {why}", why=why)
    return body.calls[0]


@examine.task(1)
def exam_countdown(exam: Exam) -> None:
    """Countdown: start, ..., 1 with `every` seconds before each; loops over one object count for themselves."""
    with exam.scene() as scene:
        start, every = exam.draw.randint(3, 7), exam.seconds(2, 4)
        countdown = scene.run("Countdown", start, keep=True, every=every)
        scene.play()
        loops: list[tuple[float, Service, Run]] = []
        for _ in range(2):
            for moment in (scene.now, scene.now + every / 2):
                scene.play(until=moment)
                body = scene.service(lambda _: Plan(0.0, GO_ON))
                loops.append((moment, body, scene.loop("", body=body, of=countdown)))
            scene.play()
        for moment, body, call in loops:
            seen = [(each.start - moment, each.args) for each in body.calls]
            due = [(every * (place + 1), [start - place]) for place in range(start)]
            scene.expect(
                seen == due,
                "A loop over Countdown({start}, every={every}) gave (seconds, number) {seen}, expected {due}.",
                start=start,
                every=every,
                seen=seen,
                due=due,
            )
            scene.expect_returned(call, None)
            scene.expect_over(call, moment + start * every)


@examine.task(2)
def exam_size_is_kept_and_used(exam: Exam) -> None:
    """Pool: never more than `size` connections, and that many; none lent twice; one given back is lent at once."""
    with exam.scene() as scene:
        db = Database(exam, scene)
        size, count = exam.draw.randint(2, 4), exam.draw.randint(8, 12)
        pool, inside = db.enter(size, Plan())
        scene.play()
        leases = [db.borrow(pool, Plan(seconds)) for seconds in exam.times(count, 2, 8)]
        found: list[tuple[float, int, int, int]] = []

        def look() -> None:
            held = [db.place(call.args) for _, body in leases for call in body.in_flight]
            scene.expect(len(held) == len(set(held)), "A connection was lent twice at t={t}.", t=scene.now)
            over = sum(1 for _, body in leases if body.calls and not body.in_flight)
            busy = len(held) + len(db.connect.in_flight)
            # Some open them one after the other, and whoever waits for that may be overtaken by one that comes back.
            due = 0 if db.connect.in_flight else min(size, count - over)
            found.append((scene.now, db.open, busy, due))

        scene.after_turn = look
        scene.play()
        scene.after_turn = lambda: None
        for moment, opened, busy, due in found:
            scene.expect(
                opened <= size, "size={size}, but at t={t} {n} connections were open.", size=size, t=moment, n=opened
            )
            scene.expect(
                due <= busy <= size,
                "size={size}: at t={t} {busy} connections were lent or being opened, where {due} could have been.",
                size=size,
                t=moment,
                busy=busy,
                due=due,
            )
        for lease, body in leases:
            expect_lent(scene, body, "Who waits gets the next one that comes back.")
            scene.expect_returned(lease, None)
        db.leave(inside)
        scene.expect_returned(pool, None)
        db.expect_closed(pool)
    with exam.scene() as scene:
        db = Database(exam, scene)
        # Until the second one is open, the first has been used by everybody else in turn.
        db.opening[1] = exam.seconds(16, 24)
        pool, inside = db.enter(2, Plan())
        scene.play()
        leases = [db.borrow(pool, Plan(seconds)) for seconds in exam.times(exam.draw.randint(3, 4), 1, 3)]
        scene.play()
        uses = [expect_lent(scene, body, "Who waits gets the next one that comes back.") for _, body in leases]
        uses = sorted((use for use in uses if db.place(use.args) == 0), key=lambda use: use.start)
        for use, following in pairwise(uses):
            scene.expect(
                following.start == use.end,
                "A connection came back at t={back} while another was being opened, and was lent again only at t={t}.",
                back=use.end,
                t=following.start,
            )
        scene.expect(len(uses) >= len(leases) - 1, "The connection that was open was lent {n} times.", n=len(uses))
        for lease, _ in leases:
            scene.expect_returned(lease, None)
        db.leave(inside)
        scene.expect_returned(pool, None)
        db.expect_closed(pool)


@examine.task(2)
def exam_on_demand(exam: Exam) -> None:
    """Pool: a connection is opened when one is asked for and none is idle; leaving closes each, once, and waits."""
    with exam.scene() as scene:
        db = Database(exam, scene)
        size = exam.draw.randint(3, 5)
        pool, inside = db.enter(size, Plan())
        scene.play()
        scene.expect(not db.connect.calls, "Nobody had asked for a connection, and {n} were opened.", n=db.open)
        together = exam.draw.randint(2, size)
        for count, due in ((1, 1), (1, 1), (together, together), (exam.draw.randint(1, together), together)):
            leases = [db.borrow(pool, Plan(exam.seconds(8, 16))) for _ in range(count)]
            scene.play()
            for lease, body in leases:
                db.place(expect_lent(scene, body, "There were connections to be had.").args)
                scene.expect_returned(lease, None)
            scene.expect(
                len(db.connect.calls) == due,
                "At most {together} leases ran together, and {opened} connections were opened.",
                together=due,
                opened=len(db.connect.calls),
            )
        db.leave(inside)
        scene.expect_returned(pool, None)
        db.expect_closed(pool)


def paged(exam: Exam, db: Database) -> tuple[list[int], list[list[Any]]]:
    """Draw the pages of a query; return the cursors and the rows of each."""
    count = exam.draw.randint(4, 8)
    # One of them is false, and no end for all that.
    cursors = [0, *exam.draw.sample(range(1, 1000), k=count - 1)]
    cursors[exam.draw.randrange(1, count)] = 0
    rows: list[list[Any]] = [exam.mints(exam.draw.randint(1, 4)) for _ in range(count)]
    for place in exam.draw.sample(range(count - 1), k=2):
        rows[place] = []
    rows[-1][0] = exam.draw.choice([None, 0, ""])
    for page, following in zip(rows, [*cursors[1:], None], strict=True):
        db.pages.append(Plan(exam.seconds(1, 2), {"tuple": [page, following]}))
    return cursors, rows


@examine.task(2)
def exam_rows(exam: Exam) -> None:
    """rows: the rows of all pages in order, each page fetched when its first row is asked for, on one connection."""
    with exam.scene() as scene:
        db = Database(exam, scene)
        cursors, rows = paged(exam, db)
        query = exam.mint()
        pool, inside = db.enter(2, Plan())
        scene.play()
        # The connections in the pool are two, and a lease elsewhere takes whichever is free between two pages.
        fetched: list[int] = []

        def ask(_: Call) -> Plan:
            fetched.append(len(db.asked))
            return Plan(exam.seconds(2, 4), GO_ON)

        for _ in range(2):
            db.asked.clear()
            fetched.clear()
            body = scene.service(ask)
            reading = scene.loop("rows", {"kept": pool.token}, query, body=body)
            others = [db.borrow(pool, Plan(exam.seconds(1, 4))) for _ in range(4)]
            scene.play()
            scene.expect_returned(reading, None)
            expect_pages(scene, db, cursors, query)
            seen, flat = [call.args for call in body.calls], [[row] for page in rows for row in page]
            scene.expect(seen == flat, "rows gave {seen}, expected {flat}.", seen=seen, flat=flat)
            needed = [place + 1 for place, page in enumerate(rows) for _ in page]
            scene.expect(
                fetched == needed,
                "At each row {fetched} pages had been fetched, expected {needed}.",
                fetched=fetched,
                needed=needed,
            )
            for lease, other in others:
                expect_lent(scene, other, "The iteration keeps one connection, and gives it back.")
                scene.expect_returned(lease, None)
        db.leave(inside)
        scene.expect_returned(pool, None)
        db.expect_closed(pool)


def expect_pages(scene: Scene, db: Database, cursors: list[int], query: str) -> None:
    """Expect these pages to have been asked for, in this order, on one connection."""
    seen = [args for _, args in db.asked]
    due = [[query, cursor] for cursor in cursors]
    scene.expect(seen == due, "page() was called with {seen}, expected {due}.", seen=seen, due=due)
    places = {place for place, _ in db.asked}
    scene.expect(len(places) == 1, "The pages of one query were fetched on {n} connections.", n=len(places))


@examine.task(3)
def exam_lease_left_early(exam: Exam) -> None:
    """connection: comes back after an error or a cancellation in its block, and that leaves as it is."""
    for cancelled in exam.draw.sample([True, False], k=2):
        with exam.scene() as scene:
            db = Database(exam, scene)
            pool, inside = db.enter(1, Plan())
            scene.play()
            error = exam.error()
            lease, body = db.borrow(pool, Plan(NEVER) if cancelled else Plan(exam.seconds(1, 4), error=error))
            _, second = db.borrow(pool, Plan(exam.seconds()))
            scene.play(until=scene.now + 8)
            expect_lent(scene, body, "Nobody else had one.")
            if cancelled:
                scene.cancel(lease)
            scene.play()
            scene.expect_raised(lease, "CancelledError" if cancelled else error)
            expect_lent(scene, second, "The one before was left by an exception.")
            scene.expect(len(db.connect.calls) == 1, "{n} connections were opened for size=1.", n=len(db.connect.calls))
            db.leave(inside)
            scene.expect_returned(pool, None)
            db.expect_closed(pool)


@examine.task(3)
def exam_no_connection_no_loss(exam: Exam) -> None:
    """connection: after a failed or cancelled connect(), or a cancelled wait, others still get their connection."""
    cases = ["refused", "cancelled in connect", "cancelled while waiting", "at its turn", "after its turn"]
    for what in exam.draw.sample(cases, k=len(cases)):
        with exam.scene() as scene:
            db = Database(exam, scene)
            error = exam.error()
            if what == "refused":
                db.refusing[0] = error
            pool, inside = db.enter(1, Plan())
            scene.play()
            began = scene.now
            if "its turn" in what:
                # What it waits for comes back in the turn of the loop in which it is cancelled, or just before.
                _, holding = db.borrow(pool, Plan())
                scene.play(until=began + 4)
                victim, _ = db.borrow(pool, Plan(exam.seconds(1, 4)))
                scene.play(until=began + 5)
                scene.settle(expect_lent(scene, holding, "Nobody else had one."))
                scene.cancel(victim, turns=1 if what == "at its turn" else 2)
            elif what == "cancelled while waiting":
                db.borrow(pool, Plan(8.0))
                victim, _ = db.borrow(pool, Plan(exam.seconds(1, 4)))
                scene.play(until=began + exam.seconds(3, 6))
                scene.cancel(victim)
            else:
                victim, _ = db.borrow(pool, Plan(exam.seconds(1, 4)))
                scene.play(until=began + exam.draw.randint(1, 63) / 64)
                if what == "cancelled in connect":
                    scene.cancel(victim)
            # Where connect() fails, somebody is waiting for the place.
            if exam.draw.random() < 0.5 and what.startswith("cancelled"):
                scene.play()
            _, second = db.borrow(pool, Plan(exam.seconds(1, 4)))
            scene.play()
            expect_lent(scene, second, "One before it got none, and must not have taken the place along.")
            # Two, since a place that was given back twice lets both in.
            _, third = db.borrow(pool, Plan(exam.seconds(1, 4)))
            _, fourth = db.borrow(pool, Plan(exam.seconds(1, 4)))
            scene.play()
            scene.expect_raised(victim, error if what == "refused" else "CancelledError")
            for body in (second, third, fourth):
                db.place(
                    expect_lent(scene, body, "One before it got none, and must not have taken the place along.").args
                )
            scene.expect(db.open <= 1, "size=1, and {n} connections are open.", n=db.open)
            db.leave(inside)
            scene.expect_returned(pool, None)
            db.expect_closed(pool)


@examine.task(3)
def exam_leaving_the_pool(exam: Exam) -> None:
    """Pool: what the block raises leaves as it is, and failing close() calls keep no other connection open."""
    kinds = [(None, True), ("error", True), ("error", False), ("cancelled", True)]
    for problem, failing in exam.draw.sample(kinds, k=4):
        with exam.scene() as scene:
            db = Database(exam, scene)
            size = exam.draw.randint(3, 5)
            pool, inside = db.enter(size, Plan())
            scene.play()
            leases = [db.borrow(pool, Plan(16.0)) for _ in range(size)]
            scene.play()
            for lease, _ in leases:
                scene.expect_returned(lease, None)
            if failing:
                spared = exam.draw.randrange(size)
                db.failing = {place: exam.error("OSError") for place in range(size) if place != spared}
            error = exam.error("LookupError", "BufferError", "ArithmeticError")
            if problem == "cancelled":
                scene.cancel(pool)
                scene.play()
            else:
                db.leave(inside, error if problem else None)
            scene.expect(
                len(db.closes) == size, "{n} connections were opened for {s} leases.", n=len(db.closes), s=size
            )
            db.expect_closed(pool)
            if problem is not None:
                scene.expect_raised(pool, "CancelledError" if problem == "cancelled" else error)


@examine.task(3)
def exam_closed_pool(exam: Exam) -> None:
    """connection: RuntimeError with a pool that has been closed, and nothing is opened; before that it lends."""
    for used, failing in exam.draw.sample([(True, False), (False, False), (True, True)], k=3):
        with exam.scene() as scene:
            db = Database(exam, scene)
            if failing:
                db.failing[0] = exam.error("OSError")
            pool, inside = db.enter(1, Plan())
            scene.play()
            if used:
                lease, body = db.borrow(pool, Plan(exam.seconds()))
                scene.play()
                db.place(expect_lent(scene, body, "The pool was open.").args)
                scene.expect_returned(lease, None)
            db.leave(inside)
            # What a close() raises may leave the block, or not.
            if not failing:
                scene.expect_returned(pool, None)
            db.expect_closed(pool)
            late, body = db.borrow(pool, SOON)
            scene.play()
            scene.expect_raised(late, "RuntimeError", "The pool had been left, whatever its close() raised.")
            scene.expect(len(db.connect.calls) == used, "A closed pool opened a connection.")


@examine.task(3)
def exam_iteration_left_early(exam: Exam) -> None:
    """rows: leaving early and closing the iterator, or an end by page(), gives the connection back."""
    for how in exam.draw.sample(["closed", "error", "cancelled"], k=3):
        with exam.scene() as scene:
            db = Database(exam, scene)
            error, row = exam.error(), exam.mint()
            db.pages = [Plan(NEVER if how == "cancelled" else 2.0, {"tuple": [[row, exam.mint()], 7]})]
            if how == "error":
                db.pages = [Plan(2.0, error=error)]
            pool, inside = db.enter(1, Plan())
            scene.play()
            body = scene.service(lambda _: Plan(exam.seconds(), STOP))
            reading = scene.loop("rows", {"kept": pool.token}, exam.mint(), body=body)
            _, second = db.borrow(pool, Plan(exam.seconds()))
            scene.play(until=scene.now + 8)
            scene.expect(len(db.asked) == 1, "{n} pages were asked for, expected 1.", n=len(db.asked))
            if how == "cancelled":
                scene.cancel(reading)
            scene.play()
            if how == "closed":
                scene.expect([call.args for call in body.calls] == [[row]], "The first row was not the first row.")
                scene.expect_returned(reading, None)
            else:
                scene.expect_raised(reading, "CancelledError" if how == "cancelled" else error)
            expect_lent(scene, second, "An iteration before it was left early.")
            scene.expect(len(db.asked) == 1, "{n} pages were fetched, expected 1.", n=len(db.asked))
            db.leave(inside)
            scene.expect_returned(pool, None)
            db.expect_closed(pool)
