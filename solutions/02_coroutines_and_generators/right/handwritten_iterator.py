"""No generator at all: a Generator subclass for averager, an iterator with send and throw for ask."""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


class _Averager(Generator):
    def __init__(self) -> None:
        self._total = 0.0
        self._count = 0
        self._primed = False
        self._over = False

    def send(self, value: float | None) -> float | None:
        if self._over:
            raise StopIteration
        if not self._primed:
            if value is not None:
                raise TypeError("can't send non-None value to a just-started generator")
            self._primed = True
            return None
        if value is None:
            self._over = True
            raise StopIteration(self._count)
        self._total += value
        self._count += 1
        return self._total / self._count

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> float | None:
        self._over = True
        if val is None:
            val = typ() if isinstance(typ, type) else typ
        raise val if tb is None else val.with_traceback(tb)


def averager() -> Generator[float | None, float | None, int]:
    return _Averager()


class _Question:
    """One suspension: __next__ hands the question out, send brings the answer in."""

    def __init__(self, text: Any) -> None:
        self._text = text
        self._asked = False

    def __await__(self) -> "_Question":
        return _Question(self._text)

    def __iter__(self) -> "_Question":
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        if not self._asked:
            self._asked = True
            return self._text
        raise StopIteration(value)

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        exc = val if val is not None else typ() if isinstance(typ, type) else typ
        if isinstance(exc, StopIteration):
            # raised from here, it would be read as "the awaitable has finished"
            raise RuntimeError("the driver threw StopIteration") from exc
        raise exc

    def close(self) -> None:
        self._asked = True


def ask(question: Q) -> Awaitable[A]:
    return _Question(question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    value: Any = None
    error: Exception | None = None
    try:
        while True:
            try:
                question = coro.send(value) if error is None else coro.throw(error)
            except StopIteration as stop:
                return stop.value
            value = error = None
            try:
                value = answer(question)
            except Exception as exc:
                error = exc
    finally:
        error = None
        coro.close()
