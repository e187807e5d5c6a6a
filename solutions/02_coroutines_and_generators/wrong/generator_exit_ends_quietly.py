"""GeneratorExit is taken for the sign of a closed coroutine, so drive returns None.

Fails: test_own_exception_leaves
Says: The coroutine raised GeneratorExit: enough without having asked
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
    except GeneratorExit:
        return None
    finally:
        coro.close()
