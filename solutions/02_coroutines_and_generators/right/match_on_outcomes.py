"""Steps of the coroutine and calls of answer are both turned into plain outcome values and taken apart with match."""

import types
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


@dataclass(eq=False)
class Asked:
    question: Any


@dataclass(eq=False)
class Returned:
    value: Any


@dataclass(eq=False)
class Raised:
    error: Exception


def averager() -> Generator[float | None, float | None, int]:
    total = 0.0
    count = 0
    mean = None
    while True:
        match (yield mean):
            case None:
                return count
            case x:
                total += x
                count += 1
                mean = total / count


@types.coroutine
def _suspend(message: Any) -> Generator[Any, Any, Any]:
    return (yield message)


async def ask(question: Q) -> A:
    outcome = await _suspend(Asked(question))
    match outcome:
        case Returned(value):
            return value
        case Raised(StopIteration() as stop):
            raise RuntimeError("answer raised StopIteration") from stop
        case Raised(error):
            raise error


def _call(answer: Callable[[Any], Any], question: Any) -> Returned | Raised:
    try:
        return Returned(answer(question))
    except Exception as exc:
        return Raised(exc)


def _step(coro: Coroutine[Any, Any, Any], outcome: Returned | Raised | None) -> Asked | Returned:
    try:
        return coro.send(outcome)
    except StopIteration as stop:
        return Returned(stop.value)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    outcome: Returned | Raised | None = None
    try:
        while True:
            match _step(coro, outcome):
                case Returned(value):
                    return value
                case Asked(question):
                    outcome = _call(answer, question)
    finally:
        coro.close()
