"""drive runs the coroutine in asyncio, where ask waits for a future.

Fails: test_suspends_without_a_loop
Says: An event loop was running while the coroutine or answer ran.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
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


_answer: ContextVar[Callable[[Any], Any]] = ContextVar("answer")


async def ask(question: Q) -> A:
    loop = asyncio.get_running_loop()
    answer = _answer.get()
    reply: asyncio.Future[Any] = loop.create_future()

    def respond() -> None:
        try:
            value = answer(question)
        except StopIteration as exc:
            reply.set_exception(RuntimeError(f"answer raised {exc!r}"))
        except BaseException as exc:
            reply.set_exception(exc)
        else:
            reply.set_result(value)

    loop.call_soon(respond)
    return await reply


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    async def main() -> Any:
        try:
            return await coro
        finally:
            coro.close()

    token = _answer.set(answer)
    try:
        return asyncio.run(main())
    finally:
        _answer.reset(token)
        coro.close()
