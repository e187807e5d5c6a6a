"""ask() puts the question on a list when it is called, and drive answers in that order, not in that of the awaits.

Fails: test_suspends_without_a_loop
Says: but answer was called with ['b', 'a', 'c']
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


_waiting: list[Any] = []


class _Ask:
    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield)


def ask(question: Q) -> Awaitable[A]:
    _waiting.append(question)
    return _Ask()


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    resume, argument = coro.send, None
    try:
        while True:
            try:
                resume(argument)
            except StopIteration as stop:
                return stop.value
            question = _waiting.pop(0)
            try:
                resume, argument = coro.send, answer(question)
            except Exception as exc:
                resume, argument = coro.throw, exc
    finally:
        coro.close()
