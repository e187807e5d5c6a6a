"""No generator function at all; averager and ask are classes with send/throw, drive is a command machine."""

from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from types import TracebackType
from typing import Any, Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


class _Averager(Generator[float | None, float | None, int]):
    def __init__(self) -> None:
        self._primed = False
        self._ended = False
        self._total: float = 0
        self._count = 0

    def send(self, value: float | None, /) -> float | None:
        if self._ended:
            raise StopIteration
        if not self._primed:
            if value is not None:
                raise TypeError("can't send non-None value to a just-started generator")
            self._primed = True
            return None
        if value is None:
            self._ended = True
            raise StopIteration(self._count)
        self._total += value
        self._count += 1
        return self._total / self._count

    def throw(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
        /,
    ) -> float | None:
        self._ended = True
        return super().throw(typ, val, tb)  # type: ignore[arg-type]

    def close(self) -> None:
        self._ended = True


def averager() -> Generator[float | None, float | None, int]:
    return _Averager()


class _Ask(Awaitable[A], Generic[Q, A]):
    def __init__(self, question: Q) -> None:
        self.question = question

    def __await__(self) -> Generator[Any, Any, A]:
        return _Exchange(self.question)  # type: ignore[return-value]


class _Exchange(Iterator[Any]):
    """One question on its way out, one answer on its way in. Without throw(): that raises at the await anyway."""

    def __init__(self, question: Any) -> None:
        self._outgoing = [question]

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        if self._outgoing:
            return self._outgoing.pop()
        raise StopIteration(value)


def ask(question: Q) -> Awaitable[A]:
    return _Ask(question)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    resume: Callable[[Any], Any] = coro.send
    argument: Any = None
    try:
        while True:
            try:
                question = resume(argument)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            try:
                resume, argument = coro.send, answer(question)
            except StopIteration as error:
                # Thrown into an await as it is, it would be taken for the end of that await.
                resume, argument = coro.throw, RuntimeError("answer raised StopIteration")
                argument.__cause__ = error
            except Exception as error:
                resume, argument = coro.throw, error
    finally:
        coro.close()
