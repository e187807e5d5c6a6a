"""One function advances the coroutine, one consults answer; they hand each other thunks on a trampoline."""

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


class _Awaitable:
    def __init__(self, make: Callable[[], Generator[Any, Any, Any]]) -> None:
        self._make = make

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._make()


def ask(question: Q) -> Awaitable[A]:
    def suspend() -> Generator[Any, Any, Any]:
        return (yield question)

    return _Awaitable(suspend)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    finished = False
    result: Any = None

    def advance(resume: Callable[[Any], Any], argument: Any) -> Callable[[], Any] | None:
        nonlocal finished, result
        try:
            question = resume(argument)
        except StopIteration as stop:
            finished, result = True, stop.value
            return None
        return lambda: consult(question)

    def consult(question: Any) -> Callable[[], Any]:
        try:
            reply = answer(question)
        except Exception as exc:
            error = exc
            return lambda: advance(coro.throw, error)
        return lambda: advance(coro.send, reply)

    try:
        thunk: Any = advance(coro.send, None)
        while not finished:
            thunk = thunk()
        return result
    finally:
        coro.close()
