"""A small class whose __await__ is a generator, and a driver that remembers the next resume as a bound method."""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def averager() -> Generator[float | None, float | None, int]:
    total, count = 0.0, 0
    x = yield None
    while x is not None:
        total += x
        count += 1
        x = yield total / count
    return count


class _Ask:
    def __init__(self, question: Any) -> None:
        self.question = question

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self)


def ask(question: Q) -> Awaitable[A]:
    return _Ask(question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    resume = partial(coro.send, None)
    try:
        while True:
            try:
                request = resume()
            except StopIteration as stop:
                return stop.value
            try:
                resume = partial(coro.send, answer(request.question))
            except Exception as exc:
                resume = partial(coro.throw, exc)
    finally:
        coro.close()
