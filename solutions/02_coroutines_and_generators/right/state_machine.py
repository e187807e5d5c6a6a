"""A driver whose every step chooses the next one, and an averager that is a class."""

import types
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


class _Averager(Generator[float | None, float | None, int]):
    def __init__(self) -> None:
        self._total: Any = 0
        self._count = 0
        self._receive = self._prime

    def send(self, value: float | None) -> float | None:
        return self._receive(value)

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        self._receive = self._ended
        return super().throw(typ, val, tb)

    def _prime(self, value: float | None) -> None:
        if value is not None:
            raise TypeError("can't send non-None value to a just-started generator")
        self._receive = self._running

    def _running(self, value: float | None) -> float:
        if value is None:
            self._receive = self._ended
            raise StopIteration(self._count)
        self._total += value
        self._count += 1
        return self._total / self._count

    def _ended(self, value: float | None) -> float | None:
        raise StopIteration


def averager() -> Generator[float | None, float | None, int]:
    return _Averager()


@types.coroutine
def _suspend(question: Any) -> Generator[Any, Any, Any]:
    answer = yield question
    return answer


async def ask(question: Q) -> A:  # type: ignore[type-var]
    return await _suspend(question)


class _Driver:
    def __init__(self, coro: Coroutine[Any, Any, Any], answer: Callable[[Any], Any]) -> None:
        self._coro = coro
        self._answer = answer
        self._next: Callable[[], None] | None = partial(self._resume, coro.send, None)
        self.value: Any = None

    def run(self) -> None:
        try:
            while (step := self._next) is not None:
                step()
        finally:
            self._next = None
            self._coro.close()

    def _resume(self, how: Callable[[Any], Any], what: Any) -> None:
        try:
            question = how(what)
        except StopIteration as stop:
            self._finished(stop.value)
        else:
            self._next = partial(self._asked, question)

    def _asked(self, question: Any) -> None:
        try:
            reply = self._answer(question)
        except Exception as error:
            self._next = partial(self._failed, error)
        else:
            self._next = partial(self._resume, self._coro.send, reply)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, StopIteration):
            substitute = RuntimeError("StopIteration while answering")
            substitute.__cause__ = error
            error = substitute
        self._next = partial(self._resume, self._coro.throw, error)

    def _finished(self, value: Any) -> None:
        self.value = value
        self._next = None


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    driver = _Driver(coro, answer)
    driver.run()
    return driver.value
