"""ask finds the answer function in a context variable and calls it on the spot; nothing is suspended.

Fails: test_suspends_without_a_loop
Says: answer was called, but the coroutine was not suspended: it was running.
"""

from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
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


_answer: ContextVar[Callable[[Any], Any]] = ContextVar("answer")


async def ask(question: Q) -> A:
    return _answer.get()(question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    token = _answer.set(answer)
    try:
        coro.send(None)
    except StopIteration as stop:
        return stop.value
    finally:
        coro.close()
        _answer.reset(token)
    raise RuntimeError("the coroutine waited for something else")
