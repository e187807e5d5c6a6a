"""Kata 02: coroutines and generators, without any event loop.

Write the three functions below. Keep their names and signatures; add whatever helpers you like.
All of it is plain Python: no event loop runs anywhere, and nothing of asyncio is needed.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def averager() -> Generator[float | None, float | None, int]:
    """Return a generator that keeps a running mean.

    The caller primes it with `next()`; what that yields does not matter.
    After that, each `send(x)` counts `x` and yields the mean of all numbers so far. Every number counts, 0 too.
    `send(None)` ends the generator; how many numbers it saw is the value of its StopIteration.
    Each call of averager() gives a generator of its own.
    """
    raise NotImplementedError


def ask(question: Q) -> Awaitable[A]:
    """Return something to await, which puts `question` to whoever drives the coroutine and gives the answer.

    `answer = await ask("name")` suspends the coroutine and hands `question` to `drive`, which sends the answer back in.
    Any object may be a question or an answer, None too. It works at any depth: in a coroutine that is awaited by
    another one, the question reaches the same driver.
    """
    raise NotImplementedError


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    """Run `coro` to its end and return its value; answer each of its questions by `answer(question)`.

    The coroutine may ask any number of questions, or none. `answer` may call `drive` for another coroutine.

    If `answer` raises an Exception, that is raised in the coroutine, at the await that asked. The coroutine may catch
    it and ask again. A StopIteration of `answer` too arrives there as an exception (RuntimeError will do): it is
    neither an answer nor the end of anything.
    An exception that leaves the coroutine leaves `drive` as it is.
    However `drive` is left, also by a KeyboardInterrupt of `answer`, by then the coroutine has been closed and its
    `finally` blocks have run. (A coroutine that asks again while it is being closed is not meant.)
    """
    raise NotImplementedError
