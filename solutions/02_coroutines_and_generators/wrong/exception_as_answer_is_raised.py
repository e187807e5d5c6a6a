"""Whatever answer gave or raised is one outcome, and one that is an exception is thrown in.

Fails: test_questions_and_answers
Says: answer returned an exception object, LookupError: given, not raised, and
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def averager() -> Generator[float | None, float | None, int]:
    total, count = 0.0, 0
    mean: float | None = None
    while True:
        x = yield mean
        if x is None:
            return count
        total += x
        count += 1
        mean = total / count


class _Ask:
    def __init__(self, question: Any) -> None:
        self.question = question

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self.question)


def ask(question: Q) -> Awaitable[A]:
    return _Ask(question)


def _outcome(answer: Callable[[Q], A], question: Q) -> Any:
    try:
        return answer(question)
    except Exception as exc:
        return exc


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    outcome: Any = None
    try:
        while True:
            try:
                question = coro.throw(outcome) if isinstance(outcome, Exception) else coro.send(outcome)
            except StopIteration as stop:
                return stop.value
            outcome = _outcome(answer, question)
    finally:
        coro.close()
