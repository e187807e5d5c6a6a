"""A coroutine around the coroutine puts its outcome into a box, so the loop sees only asking or over."""

import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


def averager() -> Generator[float | None, float | None, int]:
    state: tuple[float, int] = (0.0, 0)
    x = yield
    while True:
        if x is None:
            break
        state = (state[0] + x, state[1] + 1)
        x = yield state[0] / state[1]
    return state[1]


_END = object()


@types.coroutine
def _to_driver(thing: Any) -> Generator[Any, Any, Any]:
    reply = yield thing
    return reply


def ask(question: Q) -> Awaitable[A]:
    return _to_driver((question,))


async def _supervise(coro: Coroutine[Any, Any, Any], box: list[Any]) -> None:
    try:
        box.append(await coro)
    finally:
        coro.close()
    await _to_driver(_END)


def drive(coro: Coroutine[Any, Any, T], answer: Callable[[Q], A]) -> T:
    box: list[Any] = []
    boss = _supervise(coro, box)
    try:
        request = boss.send(None)
        while request is not _END:
            (question,) = request
            try:
                reply = answer(question)
            except Exception as exc:
                request = boss.throw(exc)
            else:
                request = boss.send(reply)
        return box[0]
    finally:
        boss.close()
        coro.close()
