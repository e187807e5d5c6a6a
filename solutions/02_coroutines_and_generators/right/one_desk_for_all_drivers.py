"""Question and reply lie on one desk of the module; the coroutine only yields None."""

import types
from collections.abc import Callable, Coroutine, Generator
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


_desk: dict[str, Any] = {"question": None, "reply": None, "error": None}


@types.coroutine
def _suspend() -> Generator[None, None, None]:
    yield None


async def ask(question: Q) -> A:
    _desk["question"] = question
    await _suspend()
    error, _desk["error"] = _desk["error"], None
    if isinstance(error, StopIteration):
        raise RuntimeError("answer raised StopIteration") from error
    if error is not None:
        raise error
    return _desk["reply"]


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    try:
        while True:
            try:
                coro.send(None)
            except StopIteration as stop:
                return stop.value
            try:
                _desk["reply"] = answer(_desk["question"])
            except Exception as exc:
                _desk["error"] = exc
    finally:
        coro.close()
