"""The question is compared with a mark of the end by !=, which the question itself may decide.

Fails: test_questions_and_answers
Says: The coroutine asked <EqualToAll object> as question 7, but drive
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


_END = object()


def _resume(method: Callable[[Any], Any], argument: Any) -> tuple[Any, Any]:
    """Return the next question, or _END and the value of the coroutine."""
    try:
        return method(argument), None
    except StopIteration as stop:
        return _END, stop.value


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    try:
        question, result = _resume(coro.send, None)
        while question != _END:
            try:
                method, argument = coro.send, answer(question)
            except Exception as exc:
                method, argument = coro.throw, exc
            question, result = _resume(method, argument)
        return result
    finally:
        coro.close()
