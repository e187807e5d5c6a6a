"""An exception of answer is not thrown into the coroutine; it leaves drive at once.

Fails: test_answers_exception_is_raised_at_the_await
Says: the coroutine, which would have caught it, never knew
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


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    reply: Any = None
    try:
        while True:
            try:
                question = coro.send(reply)
            except StopIteration as stop:
                return stop.value
            try:
                reply = answer(question)
            except StopIteration as exc:
                raise RuntimeError("answer raised StopIteration") from exc
    finally:
        coro.close()
