"""The first send stands outside the try, so a coroutine that never asks lets StopIteration out of drive.

Fails: test_without_a_question
Says: The coroutine returned 'value', but StopIteration: value left drive.
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
    try:
        question = coro.send(None)
        while True:
            resume: Callable[[Any], Any] = coro.send
            argument: Any = None
            try:
                argument = answer(question)
            except Exception as exc:
                resume, argument = coro.throw, exc
            try:
                question = resume(argument)
            except StopIteration as stop:
                return stop.value
    finally:
        coro.close()
