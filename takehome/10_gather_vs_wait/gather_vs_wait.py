"""Kata 10: gather and wait.

Write the two functions below. Keep their names and signatures; add whatever helpers you like.
An awaitable may be a coroutine, a task, a future, or any object with an `__await__` method.

Whoever calls one of them may be cancelled, perhaps more than once. Work that has begun is worth finishing:

- The first cancellation cancels nobody. Every awaitable runs on until it has ended by itself, also for
  `first_success`, and also when one of them succeeds or fails meanwhile. Then CancelledError leaves the call.
- A second cancellation cancels every awaitable that still runs. When their cleanup is over, CancelledError leaves.
- A third one, and any later one, changes nothing. The call cancels no awaitable twice.
- When `first_success` has its winner, and the losers, which are cancelled already, are still cleaning up, a
  cancellation changes only the end: after that cleanup CancelledError leaves the call, and not the winner's value.

Only cancellations of the caller count here. An awaitable that somebody else cancels meanwhile ends by that, and the
others run on. A cancelled call drops all values and exceptions, but it looks at every exception: asyncio complains
of one at which nobody has looked.
"""

from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def outcomes(aws: Iterable[Awaitable[T]]) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    """Run all awaitables at the same time and tell what became of each, in the order given.

    An awaitable that returned becomes `("ok", value)`; one that raised becomes `("err", exception)`, and so does
    one that was cancelled by somebody else: its CancelledError is an outcome like any other. None given: `[]`.

    A cancelled caller: see above. No task outlives the call.
    """
    raise NotImplementedError


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    """Run all awaitables at the same time and return the value of the first that succeeds.

    Returning without an exception is success, whatever the value: 0, None and "" are values too.
    Failures are skipped as long as another awaitable may still succeed.
    One that was cancelled by somebody else has withdrawn: it counts as if it had never been given.
    Once there is a winner, the others are cancelled and their cleanup is awaited before the call returns.
    A cancelled caller: see above. No task outlives the call.

    Raises ExceptionGroup with all exceptions, in the order given, if every awaitable fails. One that has withdrawn
    has not failed, and its CancelledError is not in the group.
    Raises ValueError if there is no awaitable at all, and also if all have withdrawn.
    """
    raise NotImplementedError
