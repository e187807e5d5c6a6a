"""What is yielded is a slip the driver writes the outcome on; the awaitable reads it and raises by itself."""

from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def averager() -> Generator[float | None, float | None, int]:
    def running() -> Generator[float | None, float | None, int]:
        total = 0.0
        count = 0
        while True:
            x = yield (total / count if count else None)
            if x is None:
                return count
            total, count = total + x, count + 1

    return (yield from running())


@dataclass(eq=False)
class _Slip:
    question: Any
    value: Any = None
    error: Exception | None = None

    def __await__(self) -> Generator["_Slip", None, Any]:
        yield self
        if self.error is not None:
            try:
                raise self.error
            finally:
                self.error = None
        return self.value


async def ask(question: Q) -> A:
    return await _Slip(question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    try:
        while True:
            slip = coro.send(None)
            try:
                slip.value = answer(slip.question)
            except Exception as exc:
                slip.error = exc
    except StopIteration as stop:
        return stop.value
    finally:
        coro.close()
