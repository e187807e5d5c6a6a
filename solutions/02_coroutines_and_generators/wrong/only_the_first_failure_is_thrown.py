"""The question that throw() returned is answered without a guard, so a second failure in a row leaves drive.

Fails: test_asking_again_after_an_exception
Says: 'worse']: drive raised LookupError: worse
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


class _Ask:
    def __init__(self, question: Any) -> None:
        self.question = question

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self.question)


def ask(question: Q) -> Awaitable[A]:
    return _Ask(question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    try:
        question = coro.send(None)
        while True:
            try:
                reply = answer(question)
            except Exception as exc:
                question = coro.throw(exc)
                reply = _plain(answer, question)
            question = coro.send(reply)
    except StopIteration as stop:
        return stop.value
    finally:
        coro.close()


def _plain(answer: Callable[[Any], Any], question: Any) -> Any:
    try:
        return answer(question)
    except StopIteration as exc:
        raise RuntimeError("answer raised StopIteration") from exc
