"""Where submissions are graded: in this machine's own threads, each with its processes, or on a Dask cluster."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from asyncio_katas.invocation import command
from asyncio_katas.records import KatasError

# Real seconds until a scheduler counts as absent.
_CONNECT_S = 20


@contextmanager
def workers(jobs: int | None, scheduler: str | None) -> Iterator[tuple[Executor, int]]:
    """Give an executor, and how many submissions it takes at a time: `jobs`, or two for each core there is.

    Some answers let a check wait for what never comes, and the core is free for another one meanwhile.
    """
    if scheduler is None:
        count = jobs or 2 * (os.cpu_count() or 1)
        yield ThreadPoolExecutor(count), count
        return
    try:
        distributed = importlib.import_module("distributed")
    except ImportError:
        raise KatasError(
            "Grading on a cluster needs Dask, which is not installed here.",
            "Next: pip install 'asyncio-katas[cluster]'",
        ) from None
    try:
        client = distributed.Client(scheduler, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise KatasError(
            "There is no scheduler at {address}: {error}.",
            "Next: start one with `dask scheduler`, or grade on this machine: {command}",
            address=scheduler,
            error=error,
            command=command("grade", "submissions/"),
        ) from None
    with client:
        # The same answers graded again are to be graded again.
        yield client.get_executor(pure=False), jobs or sum(client.nthreads().values()) or 1
