"""A handwritten iterator lets a thrown StopIteration out, which reads as its end, with a value.

Fails: test_stop_iteration_of_answer
Says: answer raised StopIteration, and the coroutine got 'value' as its answer
"""

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


class _Wait(Generator):
    def __init__(self, question: Any) -> None:
        self.question = question
        self.started = False

    def send(self, value: Any) -> Any:
        if not self.started:
            self.started = True
            return self.question
        raise StopIteration(value)

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        raise typ if val is None else val


class _Ask:
    def __init__(self, question: Any) -> None:
        self.question = question

    def __await__(self) -> _Wait:
        return _Wait(self.question)


def ask(question: Q) -> Awaitable[A]:
    return _Ask(question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    resume, argument = coro.send, None
    try:
        while True:
            try:
                question = resume(argument)
            except StopIteration as stop:
                return stop.value
            try:
                resume, argument = coro.send, answer(question)
            except Exception as exc:
                resume, argument = coro.throw, exc
    finally:
        coro.close()
