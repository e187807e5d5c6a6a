"""A generator talks to the coroutine by yield from; the driver only answers what that generator yields."""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import ExitStack
from itertools import count as counter
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def averager() -> Generator[float | None, float | None, int]:
    total: float = 0.0
    mean: float | None = None
    for n in counter():
        x = yield mean
        if x is None:
            return n
        total += x
        mean = total / (n + 1)
    raise AssertionError("counter never ends")


class _Done:
    def __init__(self, value: Any) -> None:
        self.value = value


class _Query:
    def __init__(self, question: Any) -> None:
        self.question = question

    def __await__(self) -> Generator[Any, Any, Any]:
        reply = yield self
        return reply


def ask(question: Q) -> Awaitable[A]:
    return _Query(question)


def _conversation(coro: Coroutine[Any, Any, Any]) -> Generator[Any, Any, None]:
    outcome = yield from coro.__await__()
    yield _Done(outcome)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    with ExitStack() as stack:
        stack.callback(coro.close)
        talk = _conversation(coro)
        stack.callback(talk.close)
        said = next(talk)
        while not isinstance(said, _Done):
            try:
                reply = answer(said.question)
            except Exception as exc:
                said = talk.throw(exc)
            else:
                said = talk.send(reply)
        return said.value
