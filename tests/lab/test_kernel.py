"""The sleep of threads, as the system tells of it."""

import sys
import threading
import time
from collections.abc import Callable

import pytest

from asyncio_katas.lab.kernel import watch_sleep

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


def asleep_for(asleep_s: Callable[[], float], seconds: float) -> bool:
    """Look until the others have slept so long; False if that does not come about."""
    deadline = time.monotonic() + 30
    while asleep_s() < seconds:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def test_a_thread_at_a_lock_sleeps_on() -> None:
    """Whoever waits for a lock is woken by nothing."""
    lock = threading.Lock()
    with lock:
        thread = threading.Thread(target=lock.acquire)
        thread.start()
        assert asleep_for(watch_sleep(), 0.5)
    thread.join()


def test_whoever_wakes_now_and_then_breaks_the_sleep() -> None:
    """A thread that looks around ten times a second is never taken for one that waits for ever."""
    stop = threading.Event()

    def poll() -> None:
        while not stop.wait(0.1):
            pass

    thread = threading.Thread(target=poll)
    thread.start()
    asleep_s = watch_sleep()
    try:
        longest = 0.0
        for _ in range(400):
            longest = max(longest, asleep_s())
            time.sleep(0.005)
        # On a machine too busy to wake it that often, it is not asleep but ready.
        assert longest < 1.5
    finally:
        stop.set()
        thread.join()


def test_a_thread_that_computes_is_awake() -> None:
    """Also where the interpreter lets it run only now and then."""
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=compute)
    thread.start()
    asleep_s = watch_sleep()
    try:
        for _ in range(100):
            assert asleep_s() < 1
            time.sleep(0.01)
    finally:
        stop.set()
        thread.join()
