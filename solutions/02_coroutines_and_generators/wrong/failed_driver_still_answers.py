"""All drivers share a stack of answer functions, and one whose coroutine fails leaves its own on it.

Fails: test_asking_again_after_an_exception
Says: but it was called with ['bad']: drive returned
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


_answers: list[Callable[[Any], Any]] = []


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    _answers.append(answer)
    resume, argument = coro.send, None
    try:
        while True:
            try:
                question = resume(argument)
            except StopIteration as stop:
                _answers.pop()
                return stop.value
            try:
                resume, argument = coro.send, _answers[-1](question)
            except Exception as exc:
                resume, argument = coro.throw, exc
    finally:
        coro.close()
