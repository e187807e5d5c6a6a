"""drive calls itself for each answer, so a long conversation exhausts Python's stack.

Fails: test_suspends_without_a_loop
Says: of them drive raised RecursionError
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
        return _go_on(coro, answer, coro.send, None)
    finally:
        coro.close()


def _go_on(coro: Any, answer: Any, resume: Any, argument: Any) -> Any:
    try:
        question = resume(argument)
    except StopIteration as stop:
        return stop.value
    try:
        reply = answer(question)
    except Exception as exc:
        return _go_on(coro, answer, coro.throw, exc)
    return _go_on(coro, answer, coro.send, reply)
