"""answer is called in the same try as send, so its StopIteration is taken for the end of the coroutine.

Fails: test_stop_iteration_of_answer
Says: drive returned 'value', while the coroutine still waited
"""

import types
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


@types.coroutine
def ask(question: Q) -> Awaitable[A]:
    return (yield question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    resume, argument = coro.send, None
    try:
        while True:
            question = resume(argument)
            try:
                resume, argument = coro.send, answer(question)
            except StopIteration:
                raise
            except Exception as exc:
                resume, argument = coro.throw, exc
    except StopIteration as stop:
        return stop.value
    finally:
        coro.close()
