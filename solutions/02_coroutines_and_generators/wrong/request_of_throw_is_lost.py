"""After throw() the driver resumes with send(None), so the question that throw() returned is dropped.

Fails: test_asking_again_after_an_exception
Says: answer was called with ['a', 'bad', 'bad', 'd']
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
    argument: Any = None
    try:
        while True:
            question = coro.send(argument)
            try:
                argument = answer(question)
            except Exception as exc:
                coro.throw(exc)
                argument = None
    except StopIteration as stop:
        return stop.value
    finally:
        coro.close()
