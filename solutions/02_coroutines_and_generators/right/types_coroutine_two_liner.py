"""A @types.coroutine generator that yields the bare question; the answer function becomes (method, argument) pairs."""

import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import closing
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def averager() -> Generator[float | None, float | None, int]:
    seen: list[float] = []
    mean: float | None = None
    while (x := (yield mean)) is not None:
        seen.append(x)
        mean = sum(seen) / len(seen)
    return len(seen)


@types.coroutine
def ask(question: Q) -> Awaitable[A]:
    return (yield question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    def respond(question: Any) -> tuple[Callable[[Any], Any], Any]:
        try:
            return coro.send, answer(question)
        except Exception as exc:
            return coro.throw, exc

    with closing(coro):
        method, argument = coro.send, None
        while True:
            try:
                question = method(argument)
            except StopIteration as stop:
                return stop.value
            method, argument = respond(question)
