"""Kata 11, examined from outside."""

from itertools import accumulate
from typing import Any

from asyncio_katas.examine import exam as examine
from asyncio_katas.examine.exam import Exam, Plan, Run, Scene, Service

PASSING = ("OSError", "TimeoutError", "ConnectionResetError", "ConnectionRefusedError")
LASTING = ("LookupError", "ArithmeticError", "BufferError", "ValueError")
# Far beyond whatever else happens.
NEVER = 4096.0


def operation(exam: Exam, scene: Scene, *plans: Plan) -> Service:
    """Return an operation whose n-th call has the n-th of these plans; the last one repeats."""
    return scene.service(lambda call: plans[min(len(call.service.calls), len(plans)) - 1], exam.form())


def pauses(exam: Exam, scene: Scene, low: float = 1, high: float = 8) -> tuple[Any, list[Any], list[float]]:
    """Return a backoff, and what it was asked and what it has answered; nobody can know that without asking."""
    asked: list[Any] = []
    given: list[float] = []

    def answer(args: list[Any]) -> float:
        (number,) = args
        asked.append(number)
        given.append(exam.seconds(low, high))
        return given[-1]

    return scene.question(answer), asked, given


def retrying(scene: Scene, op: Service, backoff: Any, **limits: Any) -> Run:
    """Start retry() with limits that do not matter, but for those given."""
    generous = {"attempts": 9, "per_try": NEVER, "deadline": 2 * NEVER}
    return scene.run("retry", op, backoff=backoff, **generous | limits)


def expect_starts(scene: Scene, op: Service, due: list[float], why: str) -> None:
    """Expect the operation to have been called at exactly these moments."""
    scene.expect(
        op.starts == due, "The tries started at t={starts}, expected {due}. {why}", starts=op.starts, due=due, why=why
    )


@examine.task(1)
def exam_value_in_time(exam: Exam) -> None:
    """call_with_timeout: what the operation gives or raises in time leaves as it is, at that moment."""
    # The operation's own TimeoutError or CancelledError is easily taken for, or replaced by, the one of the limit.
    for kinds in exam.draw.sample([(), ("TimeoutError",), ("CancelledError",), (*PASSING, *LASTING)], k=4):
        with exam.scene() as scene:
            when, limit = exam.seconds(1, 7), exam.seconds(8, 16)
            error = exam.error(*kinds) if kinds else None
            value = exam.mint()
            op = operation(exam, scene, Plan(when, value, error=error))
            call = scene.run("call_with_timeout", op, limit)
            scene.play()
            expect_starts(scene, op, [0.0], "It is called once.")
            if kinds:
                scene.expect_raised(call, "CancelledError" if kinds == ("CancelledError",) else error)
            else:
                scene.expect_returned(call, value)
            scene.expect_over(call, when)
            scene.expect_no_timer(call)


@examine.task(1)
def exam_timeout(exam: Exam) -> None:
    """call_with_timeout: at the limit the operation is cancelled once, cleaned up, and then TimeoutError leaves."""
    for none_at_all in exam.draw.sample([False, False, True], k=3):
        with exam.scene() as scene:
            limit, cleanup = exam.times(2, 1, 8)
            if none_at_all:
                limit = 0.0
            op = operation(exam, scene, Plan(exam.seconds(16, 32), exam.mint(), cleanup=cleanup))
            call = scene.run("call_with_timeout", op, limit)
            scene.play()
            # Whoever has no time at all may cancel it before it has begun.
            if op.calls or not none_at_all:
                expect_starts(scene, op, [0.0], "It is called once.")
            scene.expect_cancelled(op.calls, limit)
            scene.expect_raised(call, "TimeoutError")
            due = limit + cleanup if op.calls else limit
            scene.expect_over(call, due, "The cleanup was over then.")


@examine.task(2)
def exam_tries_and_pauses(exam: Exam) -> None:
    """retry: after failed try n a pause of what backoff(n) says, until a try succeeds."""
    with exam.scene() as scene:
        count, value = exam.draw.randint(2, 6), exam.mint()
        seconds = exam.times(count + 1)
        plans = [Plan(each, error=exam.error(*PASSING)) for each in seconds[:-1]]
        op = operation(exam, scene, *plans, Plan(seconds[-1], value))
        backoff, asked, given = pauses(exam, scene)
        call = retrying(scene, op, backoff)
        scene.play()
        scene.expect_over(call)
        scene.expect(
            asked == list(range(1, count + 1)),
            "{count} tries failed, and backoff was asked for {asked}.",
            count=count,
            asked=asked,
        )
        lengths = [one + other for one, other in zip(seconds, given, strict=False)]
        due = list(accumulate(lengths, initial=0.0))
        expect_starts(scene, op, due, "After each failure comes the pause that backoff names.")
        scene.expect_returned(call, value)
        scene.expect_over(call, due[-1] + seconds[-1])
        scene.expect_no_timer(call)


@examine.task(2)
def exam_slow_tries(exam: Exam) -> None:
    """retry: a try that takes longer than per_try is cancelled, cleaned up, and counts as failed."""
    with exam.scene() as scene:
        per_try, value, quick = exam.seconds(8, 12), exam.mint(), exam.seconds(1, 7)
        cleanups = exam.times(exam.draw.randint(1, 3), 1, 6)
        slow = [Plan(exam.seconds(16, 32), exam.mint(), cleanup=each) for each in cleanups]
        op = operation(exam, scene, *slow, Plan(quick, value))
        backoff, asked, given = pauses(exam, scene)
        call = retrying(scene, op, backoff, per_try=per_try)
        scene.play()
        scene.expect_over(call)
        due = list(accumulate((per_try + a + b for a, b in zip(cleanups, given, strict=False)), initial=0.0))
        expect_starts(scene, op, due, "A slow try is cut after per_try, cleaned up, and followed by a pause.")
        for each in op.calls[: len(slow)]:
            scene.expect_cancelled([each], each.start + per_try)
        scene.expect(asked == list(range(1, len(slow) + 1)), "backoff was asked for {asked}.", asked=asked)
        scene.expect_returned(call, value)
        scene.expect_over(call, due[-1] + quick)


@examine.task(2)
def exam_attempts(exam: Exam) -> None:
    """retry: exactly `attempts` tries, then the last one's own exception without another pause."""
    for attempts in (exam.draw.randint(2, 6), 1):
        with exam.scene() as scene:
            plans = [Plan(seconds, error=exam.error(*PASSING)) for seconds in exam.times(attempts + 2)]
            op = operation(exam, scene, *plans)
            backoff, asked, given = pauses(exam, scene)
            call = retrying(scene, op, backoff, attempts=attempts)
            scene.play()
            scene.expect_over(call)
            lengths = [(plan.seconds or 0.0) + pause for plan, pause in zip(plans, given, strict=False)]
            due = list(accumulate(lengths, initial=0.0))[:attempts]
            expect_starts(scene, op, due, "The first try is a try too.")
            scene.expect(
                asked[: attempts - 1] == list(range(1, attempts)), "backoff was asked for {asked}.", asked=asked
            )
            scene.expect_raised(call, plans[attempts - 1].error)
            scene.expect_over(call, due[-1] + (plans[attempts - 1].seconds or 0.0))


@examine.task(3)
def exam_deadline_cuts_a_try(exam: Exam) -> None:
    """retry: at the deadline, counted from the call, the running try is cut, and TimeoutError leaves."""
    with exam.scene() as scene:
        first, cleanup = exam.times(2, 1, 4)
        deadline = exam.seconds(16, 24)
        plans = [Plan(first, error=exam.error(*PASSING)), Plan(exam.seconds(64, 96), exam.mint(), cleanup=cleanup)]
        op = operation(exam, scene, *plans)
        backoff, asked, given = pauses(exam, scene, 1, 4)
        call = retrying(scene, op, backoff, per_try=exam.seconds(32, 48), deadline=deadline)
        scene.play()
        scene.expect_over(call)
        scene.expect(asked == [1], "One try failed in time, and backoff was asked for {asked}.", asked=asked)
        expect_starts(scene, op, [0.0, first + sum(given[:1])], "There are tries and time left after the first.")
        scene.expect_cancelled(op.calls[1:], deadline)
        scene.expect_raised(call, "TimeoutError")
        scene.expect_over(call, deadline + cleanup, "The cleanup was over then.")


@examine.task(3)
def exam_deadline_cuts_a_pause(exam: Exam) -> None:
    """retry: at the deadline a pause is cut, and TimeoutError leaves; several tries do not move it."""
    with exam.scene() as scene:
        count = exam.draw.randint(2, 4)
        plans = [Plan(seconds, error=exam.error(*PASSING)) for seconds in exam.times(count, 1, 3)]
        op = operation(exam, scene, *plans)
        starts: list[float] = []
        long, short, deadline = exam.seconds(64, 96), exam.seconds(1, 2), exam.seconds(32, 40)

        def answer(_: list[Any]) -> float:
            starts.append(scene.now)
            return short if len(starts) < count else long

        call = retrying(scene, op, scene.question(answer), deadline=deadline)
        scene.play()
        scene.expect_over(call)
        due = list(accumulate(((plan.seconds or 0.0) + short for plan in plans[:-1]), initial=0.0))
        expect_starts(scene, op, due, "Each pause is as long as backoff says.")
        scene.expect_raised(call, "TimeoutError")
        scene.expect_over(call, deadline, "The deadline was in the middle of a pause.")


@examine.task(3)
def exam_what_is_retried(exam: Exam) -> None:
    """retry: TimeoutError and every OSError are tried again, anything else leaves at once."""
    for kind in (exam.draw.choice(LASTING), *exam.draw.sample(PASSING, k=2), "OSError"):
        with exam.scene() as scene:
            error, value = exam.error(kind), exam.mint()
            first, second = exam.times(2)
            op = operation(exam, scene, Plan(first, error=error), Plan(second, value))
            backoff, _, given = pauses(exam, scene)
            call = retrying(scene, op, backoff)
            scene.play()
            scene.expect_over(call)
            if kind in LASTING:
                expect_starts(scene, op, [0.0], "Trying again does not help against that.")
                scene.expect_raised(call, error)
                scene.expect_over(call, first)
            else:
                expect_starts(scene, op, [0.0, first + sum(given[:1])], "Such a failure may pass.")
                scene.expect_returned(call, value)


@examine.task(3)
def exam_cancelled_caller(exam: Exam) -> None:
    """Both: a cancellation from outside ends the call: the operation is cancelled once, cleaned up, not tried again."""
    for where in exam.draw.sample(["operation", "try", "pause"], k=3):
        with exam.scene() as scene:
            cleanup, error = exam.seconds(1, 4), exam.error(*PASSING)
            first = (
                Plan(exam.seconds(1, 2), error=error)
                if where == "pause"
                else Plan(exam.seconds(16, 24), exam.mint(), cleanup=cleanup)
            )
            op = operation(exam, scene, first)
            if where == "operation":
                call = scene.run("call_with_timeout", op, exam.seconds(11, 15))
            else:
                backoff, _, _ = pauses(exam, scene, 32, 48)
                call = retrying(scene, op, backoff)
            when = exam.seconds(3, 6)
            scene.play(until=when)
            scene.cancel(call)
            scene.play()
            scene.expect_over(call)
            expect_starts(scene, op, [0.0], "Nothing is tried again after a cancellation.")
            if where != "pause":
                scene.expect_cancelled(op.calls, when)
            scene.expect_raised(call, "CancelledError")
            scene.expect_over(call, when if where == "pause" else when + cleanup)
    with exam.scene() as scene:
        # The limit of a try has struck before: two have cancelled, and the second may cut the cleanup short.
        limit, cleanup = exam.seconds(1, 3), exam.seconds(16, 24)
        op = operation(exam, scene, Plan(exam.seconds(32, 48), exam.mint(), cleanup=cleanup))
        backoff, _, _ = pauses(exam, scene)
        call = retrying(scene, op, backoff, per_try=limit)
        scene.play(until=exam.seconds(4, 8))
        scene.cancel(call)
        scene.play()
        scene.expect_over(call)
        expect_starts(scene, op, [0.0], "The caller was cancelled while a slow try was cleaning up.")
        scene.expect_raised(call, "CancelledError", "It was not the limit alone that had cancelled.")
        scene.expect(
            (call.end or 0.0) <= limit + cleanup,
            "The caller was cancelled, the last cleanup was over at t={due}, and the call ended at t={end}.",
            due=limit + cleanup,
            end=call.end,
        )
