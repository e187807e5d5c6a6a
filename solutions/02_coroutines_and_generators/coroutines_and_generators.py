"""Kata 02, reference: one bare yield asks, one loop around send and throw drives."""

import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import closing
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def averager() -> Generator[float | None, float | None, int]:
    """Return a generator that keeps a running mean."""
    total, count = 0.0, 0
    number = yield None
    while number is not None:
        total += number
        count += 1
        number = yield total / count
    return count


@types.coroutine
def _request(question: Q) -> Generator[Q, A, A]:
    # What is yielded here passes through every await on the way, straight to whoever calls send() or throw().
    return (yield question)


def ask(question: Q) -> Awaitable[A]:
    """Return something to await, which puts `question` to whoever drives the coroutine and gives the answer."""
    return _request(question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    """Run `coro` to its end and return its value; answer each of its questions by `answer(question)`."""
    # The way out may also be an exception that the coroutine never sees, such as KeyboardInterrupt.
    with closing(coro):
        resume: Callable[[Any], Q] = coro.send
        value: Any = None
        while True:
            # Only these calls may end by the coroutine's StopIteration. One that `answer` raises means nothing here.
            try:
                question = resume(value)
            except StopIteration as stop:
                result: T = stop.value
                return result
            try:
                resume, value = coro.send, answer(question)
            except Exception as error:  # noqa: BLE001 - the coroutine decides what becomes of it
                resume, value = coro.throw, error
