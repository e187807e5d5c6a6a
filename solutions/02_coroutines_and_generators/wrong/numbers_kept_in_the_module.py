"""The list of numbers lives in the module, so every averager goes on where another one stopped.

Fails: test_averagers_are_independent
Says: The averager was sent [16.0], and yielded 8.5 after the last of them;
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


_numbers: list[float] = []


def averager() -> Generator[float | None, float | None, int]:
    mean: float | None = None
    while True:
        x = yield mean
        if x is None:
            return len(_numbers)
        _numbers.append(x)
        mean = sum(_numbers) / len(_numbers)


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
