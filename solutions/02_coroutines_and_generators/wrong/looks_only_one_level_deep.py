"""The driver reads the question from coro.cr_await, which is another coroutine where they are nested.

Fails: test_nested_coroutines
Says: but answer was called with ['d']
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
    def __init__(self, request: "_Ask") -> None:
        self.request = request
        self.started = False

    def send(self, value: Any) -> Any:
        if not self.started:
            self.started = True
            return self.request
        raise StopIteration(value)

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        exc = val if val is not None else typ() if isinstance(typ, type) else typ
        if isinstance(exc, StopIteration):
            raise RuntimeError("answer raised StopIteration") from exc
        raise exc


class _Ask:
    def __init__(self, question: Any) -> None:
        self.question = question

    def __await__(self) -> _Wait:
        return _Wait(self)


def ask(question: Q) -> Awaitable[A]:
    return _Ask(question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    resume, argument = coro.send, None
    try:
        while True:
            try:
                resume(argument)
            except StopIteration as stop:
                return stop.value
            waiting_for = getattr(coro.cr_await, "request", None)
            if waiting_for is None:
                resume, argument = coro.send, None
                continue
            try:
                resume, argument = coro.send, answer(waiting_for.question)
            except Exception as exc:
                resume, argument = coro.throw, exc
    finally:
        coro.close()
