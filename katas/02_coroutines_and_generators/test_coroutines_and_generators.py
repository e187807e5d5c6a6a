"""Checks of kata 02. No event loop runs here: whatever suspends is resumed by the code under test."""

import asyncio
import inspect
import itertools
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterator
from typing import Any

import coroutines_and_generators as kata
import pytest

from asyncio_katas.lab import Attempt, Lab, Message, expect, expect_same, fail, same, show

# The words for what inspect.getcoroutinestate() tells.
STATES = {
    inspect.CORO_CREATED: Message("it had not begun yet"),
    inspect.CORO_RUNNING: Message("it was running"),
    inspect.CORO_CLOSED: Message("it had ended"),
}


def primed(lab: Lab) -> Generator[float | None, float | None, int]:
    """Return a new averager that stands at its first yield."""
    call = lab.attempt(kata.averager)
    call.raise_crash()
    expect(
        isinstance(call.value, Generator),
        "averager() returned {value}, which has no send().",
        look="A function with a `yield` in its body returns a generator when it is called.",
        value=show(call.value),
    )
    averager: Generator[float | None, float | None, int] = call.value
    priming = lab.attempt(next, averager)
    if isinstance(priming.error, StopIteration):
        fail(
            "averager() was asked for its first yield by next(), and ended instead.",
            look="The caller primes it: hand out a generator that has not run yet. None ends it only after that.",
        )
    priming.raise_crash()
    return averager


def send(lab: Lab, averager: Generator[float | None, float | None, int], number: float, sent: list[float]) -> None:
    """Send one more number, and expect the mean of all that were sent."""
    sent.append(number)
    step = lab.attempt(averager.send, number)
    if isinstance(step.error, StopIteration):
        fail(
            "The averager was sent {sent}, and ended at the last of them.",
            look="Only None ends it. 0 is a number, although it is false: compare with `is None`.",
            sent=show(sent),
        )
    step.raise_crash()
    mean = sum(sent) / len(sent)
    expect(
        isinstance(step.value, int | float),
        "The averager was sent {sent}, and send({number}) yielded {value} instead of a mean.",
        look="send(x) resumes at the yield that x becomes the value of, and returns what the NEXT yield hands out.",
        sent=show(sent),
        number=number,
        value=show(step.value),
    )
    expect(
        math.isclose(step.value, mean, abs_tol=1e-9),
        "The averager was sent {sent}, and yielded {value} after the last of them; the mean is {mean}.",
        look="Each send(x) counts x first, and yields the mean of everything this averager was sent.",
        sent=show(sent),
        value=show(step.value),
        mean=mean,
    )


class Talk:
    """One coroutine and one call of `drive` for it: what was asked, and how the two ended."""

    def __init__(self, lab: Lab, main: Callable[[], Coroutine[Any, Any, Any]], answer: Callable[[Any], Any]) -> None:
        self.asked: list[Any] = []
        self.states: list[str] = []
        coroutine = main()

        def answering(question: Any) -> Any:
            self.asked.append(question)
            self.states.append(inspect.getcoroutinestate(coroutine))
            return answer(question)

        self.call: Attempt = lab.attempt(kata.drive, coroutine, answering)
        self.state = inspect.getcoroutinestate(coroutine)
        coroutine.close()


class EqualToAll:
    """An object that is equal to every other one, if it is asked."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return True


def in_a_loop() -> bool:
    """Tell whether an event loop is running here."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.mark.task(1)
def test_each_send_yields_the_mean(lab: Lab) -> None:
    """averager: after priming, each send(x) yields the mean so far."""
    averager = primed(lab)
    sent: list[float] = []
    for number in (8.0, 4.0, 0.0, -2.0, 2.5):
        send(lab, averager, number, sent)
    numbers = [float(number) for number in range(128)]
    last = lab.attempt(lambda: [averager.send(number) for number in numbers][-1])
    sent += numbers
    mean = sum(sent) / len(sent)
    expect(
        isinstance(last.value, int | float) and math.isclose(last.value, mean),
        "The averager was sent {count} numbers, one by one. The mean of them all is {mean}, but the last send(x) "
        "{happened}.",
        look="Each number counts, however many there are and however long ago it came. A sum and a count are enough.",
        count=len(sent),
        mean=mean,
        happened=last.happened,
    )


@pytest.mark.task(1)
def test_averagers_are_independent(lab: Lab) -> None:
    """averager: each call gives a generator that starts from nothing, and keeps its numbers to itself."""
    first, second = primed(lab), primed(lab)
    of_first: list[float] = []
    of_second: list[float] = []
    for number in (1.0, 2.0, 6.0):
        send(lab, first, number, of_first)
        send(lab, second, number * 16, of_second)


@pytest.mark.task(1)
def test_none_ends_with_the_count(lab: Lab) -> None:
    """averager: send(None) ends it, and StopIteration carries how many numbers it saw."""
    for numbers in ([3.0, 5.0, 0.0], [], [2.5]):
        averager = primed(lab)
        sent: list[float] = []
        for number in numbers:
            send(lab, averager, number, sent)
        last = lab.attempt(averager.send, None)
        if last.error is None:
            fail(
                "The averager was sent {numbers} and then None: it yielded {value} and went on.",
                look="None is the end: leave the function by `return`.",
                numbers=show(numbers),
                value=show(last.value),
            )
        if isinstance(last.error, RuntimeError):
            fail(
                "The averager was sent {numbers} and then None, and raised {error}.",
                look="A generator must not raise StopIteration itself. `return value` does it, value included.",
                numbers=show(numbers),
                error=show(last.error),
            )
        expect(
            isinstance(last.error, StopIteration),
            "The averager was sent {numbers} and then None, and raised {error} instead of ending.",
            look="None is no number but the end: look at what came before you add it.",
            numbers=show(numbers),
            error=show(last.error),
        )
        expect_same(
            getattr(last.error, "value", None),
            len(numbers),
            "The averager was sent {numbers} and then None: StopIteration.value was {actual}, expected {expected}.",
            look="StopIteration.value is what the generator returns: how many numbers it saw, None not counted.",
            numbers=show(numbers),
        )


@pytest.mark.task(2)
def test_without_a_question(lab: Lab) -> None:
    """drive: a coroutine that never asks works too; its value is returned."""
    for value in ("value", 0, None, ("a", "b")):

        async def main() -> object:
            return value

        talk = Talk(lab, main, str.upper)
        expect(
            not isinstance(talk.call.error, StopIteration),
            "The coroutine returned {value}, but {error} left drive.",
            look="A coroutine hands its value to whoever calls send() in a StopIteration. Catch it: this is the end.",
            value=show(value),
            error=show(talk.call.error),
        )
        talk.call.expect_value(
            value,
            "The coroutine returned {expected} without asking anything, but drive returned {actual}.",
            look="The value is in the StopIteration that the first send(None) ends with.",
        )
        expect(
            talk.asked == [],
            "The coroutine asked nothing, but answer was called with {asked}.",
            asked=show(talk.asked),
        )


@pytest.mark.task(2)
def test_questions_and_answers(lab: Lab) -> None:
    """ask, drive: each question goes to answer, its result comes back at the await, whatever objects they are."""
    thing, other, agreeing, error = object(), object(), EqualToAll(), LookupError("given, not raised")
    pairs: list[tuple[Any, Any]] = [("name", "ada"), (None, 1), ((1, 2), None), (thing, other), (0, False), ([], [])]
    pairs += [(agreeing, agreeing), ("error", error)]
    heard: list[Any] = []
    raised: list[Exception] = []
    closed_at: list[int] = []

    async def main() -> str:
        for number, (question, _) in enumerate(pairs):
            try:
                heard.append(await kata.ask(question))
            except GeneratorExit:
                # Only a suspended coroutine can be closed: the question had been yielded.
                closed_at.append(number)
                raise
            except LookupError as failure:
                if failure is not error:
                    raise
                raised.append(failure)
        return "the end"

    script = iter(pairs)
    talk = Talk(lab, main, lambda _: next(script, (None, "one too many"))[1])
    expect(
        not (isinstance(talk.call.error, TypeError) and "await" in str(talk.call.error)),
        "`await ask(question)` failed with {error}.",
        look="What ask returns has to be awaitable: a native coroutine, a generator marked by types.coroutine, or an "
        "object with an __await__ that returns an iterator.",
        error=show(talk.call.error),
    )
    expect(
        not raised,
        "answer returned an exception object, {error}, and the await raised it.",
        look="Any object may be an answer. Remember whether answer returned or raised: the type of the object does not "
        "tell.",
        error=show(error),
    )
    if talk.asked or talk.call.error is None:
        for number, (question, _) in enumerate(pairs):
            expect(
                len(talk.asked) > number or number not in closed_at,
                "The coroutine asked {question} as question {number}, but drive {happened} and never called answer "
                "for it.",
                look="{question} is a question like any other: only StopIteration is the end.",
                question=show(question),
                number=number + 1,
                happened=talk.call.happened,
            )
            expect(
                len(talk.asked) > number,
                "The coroutine asked {question} as question {number}, but answer was never called for it.",
                look="Each question needs a suspension that the driver sees: something has to be yielded for it.",
                question=show(question),
                number=number + 1,
            )
            expect_same(
                talk.asked[number],
                question,
                "The coroutine asked {expected}, but answer was called with {actual}.",
                look="What reaches the driver is what is yielded at the bottom of the await. Hand it on unchanged.",
            )
            if len(heard) > number:
                expect_same(
                    heard[number],
                    pairs[number][1],
                    "answer gave {expected} for question {number}, but the await gave {actual}.",
                    look="The argument of send() becomes the value of the yield, and that of the await. "
                    "None is an answer like any other.",
                    number=number + 1,
                )
        expect(
            len(talk.asked) == len(pairs),
            "The coroutine asked {expected} questions, but answer was called {count} times.",
            look="Call answer once for each question.",
            expected=len(pairs),
            count=len(talk.asked),
        )
    talk.call.expect_value("the end", "The coroutine returned {expected} after its questions, drive {actual}.")


@pytest.mark.task(2)
def test_nested_coroutines(lab: Lab) -> None:
    """ask, drive: questions of coroutines that are awaited by others reach the same driver."""

    async def inner(question: str) -> str:
        reply: str = await kata.ask(question)
        return f"<{reply}>"

    async def stream() -> AsyncGenerator[str, None]:
        yield await inner("b")
        yield await kata.ask("c")

    async def main() -> list[str]:
        found = [await inner("a")]
        async for reply in stream():
            found.append(reply)  # noqa: PERF401 - the plain form shows the order
        return [*found, await kata.ask("d")]

    talk = Talk(lab, main, str.upper)
    talk.call.raise_crash()
    expect_same(
        talk.asked,
        ["a", "b", "c", "d"],
        "Coroutines inside coroutines asked {expected}, but answer was called with {actual}.",
        look="One driver serves the whole chain: what the innermost yields passes through every await up to send().",
    )
    talk.call.expect_value(["<A>", "<B>", "C", "D"])


@pytest.mark.task(2)
def test_suspends_without_a_loop(lab: Lab) -> None:
    """ask, drive: the coroutine is suspended while answer works; no event loop runs, and drives can be nested."""
    loops: list[bool] = []

    async def second(question: str) -> str:
        reply: str = await kata.ask(question)
        return reply + "!"

    def answer(question: str) -> str:
        loops.append(in_a_loop())
        return kata.drive(second(question), str.upper) if question == "c" else question.upper()

    async def main() -> list[str]:
        loops.append(in_a_loop())
        late: Awaitable[str] = kata.ask("b")
        early: Awaitable[str] = kata.ask("a")
        return [await early, await late, await kata.ask("c")]

    talk = Talk(lab, main, answer)
    expect(
        True not in loops,
        "An event loop was running while the coroutine or answer ran.",
        look="A coroutine has send(), throw() and close() of its own. A loop is only one way to call them.",
    )
    for state in talk.states:
        expect(
            state == inspect.CORO_SUSPENDED,
            "answer was called, but the coroutine was not suspended: {state}.",
            look="ask only hands the question out, by a yield. drive calls answer, between two calls of send().",
            state=STATES.get(state, state),
        )
    talk.call.raise_crash()
    expect_same(
        talk.asked,
        ["a", "b", "c"],
        "The coroutine awaited its questions in the order {expected}, but answer was called with {actual}.",
        look="A question is asked when it is awaited, not when ask() is called. Another drive inside answer has "
        "questions of its own, which must not mix with these.",
    )
    talk.call.expect_value(["A", "B", "C!"])
    rounds = 4096

    async def talkative() -> int:
        return sum([await kata.ask(1) for _ in range(rounds)])

    long = Talk(lab, talkative, lambda question: question)
    expect(
        not isinstance(long.call.error, RecursionError),
        "The coroutine asked {rounds} questions, and after {count} of them drive raised {error}.",
        look="If drive calls itself for each question, Python's stack limits the conversation. A loop has no limit.",
        rounds=rounds,
        count=len(long.asked),
        error=show(long.call.error),
    )
    long.call.expect_value(rounds)


@pytest.mark.task(3)
def test_own_exception_leaves(lab: Lab) -> None:
    """drive: an exception of the coroutine's own leaves as it is, before and after a question."""
    # What a coroutine makes of a StopIteration that is raised in it.
    used_up = RuntimeError("coroutine raised StopIteration")
    used_up.__cause__ = StopIteration()
    failures = (LookupError("no such page"), used_up, GeneratorExit("enough"))
    for failure, questions in itertools.product(failures, (0, 1)):

        async def main() -> None:
            for _ in range(questions):
                await kata.ask("name")
            raise failure

        talk = Talk(lab, main, lambda question: question)
        when = Message("after one question" if questions else "without having asked anything")
        talk.call.expect_error(
            failure,
            "The coroutine raised {expected} {when}, but {call} {happened}.",
            look="What the coroutine raises comes out of send(). It is no failure of answer, and nobody in the "
            "coroutine is left to catch it: let it go as it is, whatever its type and its cause.",
            when=when,
        )
        expect(
            len(talk.asked) == questions,
            "The coroutine raised {failure} {when}, but the number of calls of answer was {count}.",
            failure=show(failure),
            when=when,
            count=len(talk.asked),
        )


@pytest.mark.task(3)
def test_answers_exception_is_raised_at_the_await(lab: Lab) -> None:
    """drive: an exception of answer is raised in the coroutine, at the await that asked; uncaught, it leaves drive."""
    failure = LookupError("nobody knows")
    for catches in (True, False):
        seen: list[object] = []

        async def main() -> str:
            await kata.ask("first")
            try:
                seen.append(("an answer", await kata.ask("second")))
            except Exception as error:
                seen.append(error)
                if not catches:
                    raise
            return "caught"

        def answer(question: str) -> str:
            if question == "second":
                raise failure
            return "fine"

        talk = Talk(lab, main, answer)
        expect(
            seen != [],
            "answer raised {failure}, and {call} {happened}: the coroutine, which would have caught it, never knew.",
            look="A coroutine has throw() besides send(): it resumes the coroutine with an exception at its await.",
            failure=show(failure),
            call=talk.call.name,
            happened=talk.call.happened,
        )
        if isinstance(seen[0], tuple):
            fail(
                "answer raised {failure}, and the coroutine got {value} as its answer.",
                look="send() makes a value of whatever it is given. To raise something at the await, there is throw().",
                failure=show(failure),
                value=show(seen[0][1]),
            )
        expect(
            len(seen) == 1 and seen[0] is failure,
            "answer raised {failure}, but what the await of the question raised was {seen}.",
            look="The very exception that answer raised is thrown in: not its class, not a copy, not wrapped.",
            failure=show(failure),
            seen=", ".join(show(thing) for thing in seen),
        )
        if catches:
            talk.call.expect_value(
                "caught",
                "The coroutine caught the exception of answer and returned {expected}, but drive returned {actual}.",
                look="throw() ends like send() does: by the next question, by StopIteration, or by an exception.",
            )
        else:
            talk.call.expect_error(
                failure,
                "The coroutine let the exception of answer out, {expected}, but {call} {happened}.",
                look="What leaves the coroutine leaves drive.",
            )


@pytest.mark.task(3)
def test_asking_again_after_an_exception(lab: Lab) -> None:
    """drive: a coroutine that has caught the exception may ask again; that question is answered like any other."""

    async def first_reply(*questions: str) -> str:
        for question in questions:
            try:
                reply: str = await kata.ask(question)
            except LookupError:
                continue
            return reply
        return "none"

    async def main() -> list[str]:
        return [
            await first_reply("a"),
            await first_reply("bad", "b"),
            await first_reply("bad", "worse", "c"),
            await first_reply("d"),
        ]

    def answer(question: str) -> str:
        if question in {"bad", "worse"}:
            raise LookupError(question)
        return question.upper()

    talk = Talk(lab, main, answer)
    expect(
        talk.asked[:3] == ["a", "bad", "b"],
        "answer raised an exception for 'bad'; the coroutine caught it and asked 'b', but answer was called with "
        "{asked}: {call} {happened}.",
        look="throw() returns the next question, exactly as send() does. Nobody will ask it again.",
        asked=show(talk.asked),
        call=talk.call.name,
        happened=talk.call.happened,
    )
    expect(
        talk.asked == ["a", "bad", "b", "bad", "worse", "c", "d"],
        "answer raised an exception for 'bad' and for 'worse', which the coroutine asked next; expected 'c' and 'd' to "
        "follow, but answer was called with {asked}: {call} {happened}.",
        look="A question may fail like the one before it. Let each go the same way, whether send() or throw() "
        "returned it.",
        asked=show(talk.asked),
        call=talk.call.name,
        happened=talk.call.happened,
    )
    talk.call.expect_value(["A", "B", "C", "D"])

    async def failing() -> None:
        raise LookupError(await kata.ask("inside"))

    def consulting(question: str) -> str:
        if question == "bad":
            kata.drive(failing(), str.lower)
        return question.upper()

    talk = Talk(lab, lambda: first_reply("bad", "a"), consulting)
    expect_same(
        talk.asked,
        ["bad", "a"],
        "For 'bad', answer drove another coroutine, and the exception of that left answer. The coroutine caught it and "
        "asked 'a', so answer was to be called with {expected}, but it was called with {actual}: {call} {happened}.",
        look="Each drive has one answer, for its own coroutine. Whatever it notes outside of itself, it has to take "
        "back however it is left.",
        call=talk.call.name,
        happened=talk.call.happened,
    )
    talk.call.expect_value("A")


@pytest.mark.task(3)
def test_stop_iteration_of_answer(lab: Lab) -> None:
    """drive: a StopIteration of answer arrives at the await as an exception, neither as an answer nor as the end."""
    for catches in (True, False):
        seen: list[object] = []
        nothing: Iterator[str] = iter(())

        async def main() -> str:
            try:
                seen.append(("an answer", await kata.ask("name")))
            except Exception as error:
                seen.append(error)
                if not catches:
                    raise
            return "caught"

        def answer(question: str) -> str:
            if catches:
                raise StopIteration("value")
            return next(nothing)

        talk = Talk(lab, main, answer)
        expect(
            seen != [],
            "answer raised StopIteration, and {call} {happened}, while the coroutine still waited for its answer.",
            look="Only a StopIteration out of send() or throw() is the coroutine's end. Call answer outside that try.",
            call=talk.call.name,
            happened=talk.call.happened,
        )
        expect(
            isinstance(seen[0], Exception),
            "answer raised StopIteration, and the coroutine got {value} as its answer.",
            look="Where an iterator ends by StopIteration, `await` takes that for the value. A generator in between "
            "turns it into RuntimeError; an iterator class has to do so itself.",
            value=show(seen[0][1]) if isinstance(seen[0], tuple) else show(seen[0]),
        )
        if catches:
            talk.call.expect_value("caught")
        else:
            expect(
                isinstance(talk.call.error, Exception),
                "answer raised StopIteration, the coroutine let the exception out, but {call} {happened}.",
                look="What leaves the coroutine leaves drive.",
                call=talk.call.name,
                happened=talk.call.happened,
            )


@pytest.mark.task(3)
def test_closed_however_drive_is_left(lab: Lab) -> None:
    """drive: when it is left, the coroutine has been closed and its finally blocks have run."""
    leavings: list[BaseException] = [
        LookupError("nobody knows"),
        KeyboardInterrupt("Ctrl-C"),
        SystemExit("bye"),
        asyncio.CancelledError("enough"),
    ]
    for leaving in leavings:
        cleaned: list[str] = []

        async def inner() -> None:
            try:
                await kata.ask("name")
            finally:
                cleaned.append("inner")

        async def main() -> None:
            try:
                await inner()
            finally:
                cleaned.append("outer")

        def answer(question: str) -> str:
            raise leaving

        talk = Talk(lab, main, answer)
        # Closing the coroutine after the call, in the check, has run what the call left out.
        expect(
            talk.state == inspect.CORO_CLOSED,
            "answer raised {leaving} and drive was left, but the coroutine was still {state}: its finally blocks had "
            "not run.",
            look="Not everything is an Exception. However drive is left, closing the coroutine must not depend on the "
            "kind of exception that passes.",
            leaving=show(leaving),
            state=Message("suspended") if talk.state == inspect.CORO_SUSPENDED else talk.state,
        )
        expect(
            same(cleaned, ["inner", "outer"]),
            "answer raised {leaving}; expected both finally blocks to run, inner then outer, and saw {cleaned}.",
            leaving=show(leaving),
            cleaned=show(cleaned),
        )
        talk.call.expect_error(
            leaving,
            "answer raised {expected}, nobody caught it, but {call} {happened}.",
            look="Close the coroutine and let the exception go on: whoever raised it wants to stop more than this.",
        )
