"""The answering side is a generator too; drive passes a move to and fro between the two."""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def _means() -> Generator[float | None, float | None, int]:
    total, count = 0.0, 0
    number = yield None
    while True:
        if number is None:
            return count
        total, count = total + number, count + 1
        number = yield total / count


def averager() -> Generator[float | None, float | None, int]:
    return (yield from _means())


@dataclass(frozen=True)
class _Question:
    subject: Any


@dataclass(frozen=True)
class _Answer:
    value: Any


@dataclass(frozen=True)
class _Refusal:
    error: Exception


class _Asking(Awaitable[Any]):
    __slots__ = ("_question",)

    def __init__(self, question: Any) -> None:
        self._question = _Question(question)

    def __await__(self) -> Generator[_Question, _Answer | _Refusal, Any]:
        move = yield self._question
        match move:
            case _Answer(value):
                return value
            case _Refusal(error):
                raise error


def ask(question: Q) -> Awaitable[A]:
    return _Asking(question)


def _oracle(answer: Callable[[Any], Any]) -> Generator[_Answer | _Refusal | None, _Question, None]:
    move: _Answer | _Refusal | None = None
    while True:
        question = yield move
        try:
            move = _Answer(answer(question.subject))
        except StopIteration as error:
            refusal = RuntimeError("answer() raised StopIteration")
            refusal.__cause__ = error
            move = _Refusal(refusal)
        except Exception as error:
            move = _Refusal(error)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    oracle = _oracle(answer)
    with closing(coro), closing(oracle):
        next(oracle)
        move: _Answer | _Refusal | None = None
        while True:
            try:
                question = coro.send(move)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            move = oracle.send(question)
