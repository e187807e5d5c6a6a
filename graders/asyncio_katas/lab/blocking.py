"""`time.sleep` on the event loop's thread: noted instead of slept, so that it is named at once and costs nothing."""

from __future__ import annotations

import asyncio
import functools
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asyncio_katas.lab.chains import Place, place_of
from asyncio_katas.lab.clock import VirtualLoop
from asyncio_katas.lab.messages import CheckFailed, Message

real_sleep = time.sleep


@contextmanager
def noted() -> Iterator[None]:
    """Note every `time.sleep` on a virtual loop's thread while the block runs; whoever imports the name gets ours."""

    @functools.wraps(real_sleep)
    def sleep(seconds: Any, /) -> None:
        loop = asyncio._get_running_loop()
        if isinstance(loop, VirtualLoop):
            loop.blocking.append(place_of(sys._getframe(1)))
        else:
            real_sleep(seconds)

    time.sleep = sleep
    try:
        yield
    finally:
        time.sleep = real_sleep


def verdict(place: Place) -> CheckFailed:
    """Return what to tell about a `time.sleep` in that place."""
    return CheckFailed(
        Message.of(
            "time.sleep() was called on the event loop's thread, where it stops everything else:\n  {place}: {source}",
            {"place": str(place), "source": place.source()},
        ),
        Message("`await asyncio.sleep(seconds)` waits as well, and lets the others go on meanwhile."),
    )
