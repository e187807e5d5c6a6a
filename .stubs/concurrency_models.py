"""Kata 01: asyncio, threads and processes.

Write the two functions below. Keep their names and signatures; `Job` is given. Add whatever helpers you like.
"""

from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """One piece of work: call `fn(*args)` where work of its kind belongs.

    "io" is a coroutine function, "blocking" a function that waits, "cpu" an importable function that computes.
    """

    kind: Literal["io", "blocking", "cpu"]
    fn: Callable[..., Any]
    args: tuple[Any, ...] = ()


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    """Call each start, have everything it returned in flight at the same time, and return the results in order.

    Each start is called on the running loop, gives something to await (not only a coroutine), and all of it runs on
    the calling thread. The results stand in the order of the arguments; without arguments the list is empty.
    """
    raise NotImplementedError


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    """Run every job where its kind belongs, and return the results in the order of `jobs`.

    "io" runs on the calling loop, "blocking" in `threads`, "cpu" in `processes`. Every job is started before any is
    awaited, so jobs of any two kinds can wait for each other, and two blocking jobs overlap. The event loop stays
    responsive throughout.

    The exception of a job is raised here as it is, without waiting for the other jobs; those may run on.
    A kind that does not exist raises ValueError before any job is started.
    The executors belong to the caller: they are used, neither replaced nor shut down.
    """
    raise NotImplementedError
