"""A Driver object that is a context manager and an iterator over the questions; drive is a plain for loop around it."""

from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def averager() -> Generator[float | None, float | None, int]:
    numbers: list[float] = []
    reply = None
    while True:
        number = yield reply
        if number is None:
            break
        numbers.append(number)
        reply = sum(numbers) / len(numbers)
    return len(numbers)


class ask(Awaitable):  # a class works as a function does: calling it gives an awaitable
    __slots__ = ("question",)

    def __init__(self, question: Any) -> None:
        self.question = question

    def __await__(self) -> Generator[Any, Any, Any]:
        answered = yield self.question
        return answered


class _Driver:
    def __init__(self, coro: Coroutine[Any, Any, Any]) -> None:
        self.coro = coro
        self.resume: Callable[[], Any] = lambda: coro.send(None)
        self.result: Any = None

    def __enter__(self) -> "_Driver":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.coro.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        # the StopIteration of the coroutine is passed on: it ends the for loop as well
        try:
            return self.resume()
        except StopIteration as stop:
            self.result = stop.value
            raise

    def reply(self, value: Any) -> None:
        self.resume = lambda: self.coro.send(value)

    def fail(self, error: Exception) -> None:
        if isinstance(error, StopIteration):
            cause = error
            error = RuntimeError("StopIteration from answer")
            error.__cause__ = cause
        self.resume = lambda: self.coro.throw(error)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    with _Driver(coro) as driver:
        for question in driver:
            try:
                value = answer(question)
            except Exception as error:
                driver.fail(error)
            else:
                driver.reply(value)
        return driver.result
