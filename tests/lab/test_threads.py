"""Synchronous checks with threads of their own: what never comes is told in words, and nothing is left unnoticed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from asyncio_katas.lab import Lab, outside

Verdicts = dict[str, dict[str, str]]
Grade = Callable[..., Verdicts]

ANSWER = """
import asyncio
import threading

kept = []

def leaves_a_thread():
    kept.append(threading.Event())
    thread = threading.Thread(target=kept[-1].wait, name="forgotten", daemon=True)
    thread.start()

def leaves_a_loop_running():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="forgotten", daemon=True).start()
    kept.append(loop)

def joins_its_thread():
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()

def waits_for_ever():
    threading.Event().wait()  # here

def waits_for_a_sleeping_loop():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    async def work():
        return 7
    future = asyncio.run_coroutine_threadsafe(asyncio.Event().wait(), loop)
    kept.append(loop)
    return future.result()  # here

def fails():
    raise LookupError("bang")

def unwritten():
    raise NotImplementedError
"""


def test_threads_of_a_synchronous_check_are_noticed(grade: Grade) -> None:
    """A thread that outlives a synchronous check fails it; one that was joined, or came earlier, does not."""
    verdicts = grade(
        ANSWER,
        """
        def test_thread(lab): lab.attempt(answer.leaves_a_thread)
        def test_clean(lab): lab.attempt(answer.joins_its_thread)
        def test_loop(lab): lab.attempt(answer.leaves_a_loop_running)
        def test_clean_again(lab): lab.attempt(answer.joins_its_thread)
        """,
    )
    assert verdicts["test_thread"]["text"].startswith("Threads were still running when the check ended: forgotten.")
    assert verdicts["test_loop"]["text"].startswith("An event loop was created and never closed.")
    assert verdicts["test_clean"]["outcome"] == verdicts["test_clean_again"]["outcome"] == "passed"


def test_calls_in_threads_that_never_return(grade: Grade) -> None:
    """A call that can never return fails the check at once, with the line it waits in; other endings arrive."""
    verdicts = grade(
        ANSWER,
        """
        import asyncio_katas.lab.lab as module

        # Only the limit would end a wait for what is not seen to be impossible.
        module._RENDEZVOUS_S = 1e9

        def test_waits(lab): lab.in_thread(answer.waits_for_ever).join()
        def test_loop(lab): lab.in_thread(answer.waits_for_a_sleeping_loop).join("No end: {call}{where}")
        def test_error(lab): lab.in_thread(answer.fails).join().expect_error(LookupError)
        def test_stub(lab): lab.in_thread(answer.unwritten).join().raise_crash()
        """,
        limit=60,
    )
    assert verdicts["test_waits"]["text"].startswith("waits_for_ever never came back.")
    assert "threading.Event().wait()  # here" in verdicts["test_waits"]["text"]
    assert verdicts["test_loop"]["text"].startswith("No end: waits_for_a_sleeping_loop:")
    assert "return future.result()  # here" in verdicts["test_loop"]["text"]
    assert verdicts["test_error"]["outcome"] == "passed"
    assert verdicts["test_stub"]["outcome"] == "not_started"


def test_what_threads_bring_about_is_waited_for() -> None:
    """A wait ends with its condition, or when nothing that runs is left that could bring it about."""
    lab = Lab()
    done = threading.Event()
    thread = threading.Timer(0.1, done.set)
    thread.start()
    assert lab.wait(done.is_set)
    thread.join()
    assert not lab.wait(lambda: False)


@pytest.mark.parametrize("timer", [False, True])
def test_a_loop_without_timers_sleeps(timer: bool) -> None:
    """A loop that only another thread can wake does not run; with a timer, or a call on its way, it does."""
    look = outside.Outside()
    loop = asyncio.new_event_loop()
    if timer:
        loop.call_later(1000, print)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    deadline = time.monotonic() + (1 if timer else 30)
    while look.busy() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert look.busy() is timer
    for _ in range(200):
        answered = threading.Event()
        loop.call_soon_threadsafe(answered.set)
        # Whenever nothing runs any more, the call has been answered.
        while look.busy() and not timer:
            pass
        assert timer or answered.is_set()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
