"""The numbers are kept in a deque of limited length, so a long stream loses its oldest ones.

Fails: test_each_send_yields_the_mean
Says: but the last send(x) returned 77.5
"""

from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def averager() -> Generator[float | None, float | None, int]:
    numbers: deque[float] = deque(maxlen=100)
    mean: float | None = None
    while True:
        x = yield mean
        if x is None:
            return len(numbers)
        numbers.append(x)
        mean = sum(numbers) / len(numbers)


class _Ask:
    def __init__(self, question: Any) -> None:
        self.question = question

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self.question)


def ask(question: Q) -> Awaitable[A]:
    return _Ask(question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    resume, argument = coro.send, None
    try:
        while True:
            try:
                question = resume(argument)
            except StopIteration as stop:
                return stop.value
            try:
                resume, argument = coro.send, answer(question)
            except Exception as exc:
                resume, argument = coro.throw, exc
    finally:
        coro.close()
