"""The plugin: stubs, blocked loops, strange ways out of a check, and one verdict each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

Verdicts = dict[str, dict[str, str]]
Grade = Callable[..., Verdicts]

REPEATS = int(os.environ.get("LAB_REPEATS", "3"))

STUBS = """
import asyncio
import pytest
import sys


async def stub():
    raise NotImplementedError


async def plain():
    await stub()


async def in_a_task():
    await asyncio.create_task(stub())


async def in_a_lost_task():
    asyncio.create_task(stub())
    await asyncio.sleep(1)
    return 7


async def in_a_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(stub())


async def in_nested_groups():
    async with asyncio.TaskGroup() as group:
        group.create_task(in_a_group())


async def in_gather():
    await asyncio.gather(stub(), asyncio.sleep(1))


async def in_waited_tasks():
    tasks = [asyncio.create_task(stub())]
    await asyncio.wait(tasks)
    return 8


async def in_a_task_others_wait_for():
    done = asyncio.Event()
    async def work():
        await stub()
        done.set()
    task = asyncio.create_task(work())
    await done.wait()


def job():
    raise NotImplementedError("later")


async def in_a_thread():
    await asyncio.to_thread(job)


async def in_generator():
    async def items():
        raise NotImplementedError
        yield
    async for _ in items():
        pass


class in_constructor:
    def __init__(self):
        raise NotImplementedError


async def skips():
    pytest.skip("no")


async def fails():
    pytest.fail("no")


async def xfails():
    pytest.xfail("no")


async def leaves():
    sys.exit(0)


async def cancels_everybody():
    for task in asyncio.all_tasks():
        task.cancel()
    await asyncio.sleep(0)


async def raises_always():
    raise LookupError("bang")


async def recurses():
    await recurses()


class Hostile:
    def __repr__(self):
        raise SystemExit
    __str__ = __repr__


class HostileError(LookupError):
    def __str__(self):
        raise SystemExit


async def hostile_argument(thing=Hostile()):
    raise LookupError


async def hostile_error():
    raise HostileError


async def hostile_value():
    return Hostile()


async def fine():
    return 7
"""

STUB_CHECKS = """
STUBS = [name for name in vars(answer) if name.startswith("in_") or name in ("stub", "plain")]

@pytest.mark.parametrize("name", STUBS)
async def test_direct(name):
    await getattr(answer, name)()

@pytest.mark.parametrize("name", STUBS)
async def test_value(lab, name):
    call = await lab.call(getattr(answer, name))
    call.expect_value(7)

@pytest.mark.parametrize("name", STUBS)
async def test_fact_first(lab, name):
    call = await lab.call(getattr(answer, name))
    expect(call.ended == 99, "not ended in time")

@pytest.mark.parametrize("name", STUBS)
async def test_error(lab, name):
    call = await lab.call(getattr(answer, name))
    call.expect_error(LookupError)

@pytest.mark.parametrize("name", [name for name in STUBS if name != "in_constructor"])
def test_run(lab, name):
    lab.run(getattr(answer, name))

def test_fine(lab):
    assert lab.run(answer.fine) == 7
"""

WAYS_OUT = """
WAYS = ["skips", "fails", "xfails", "leaves", "cancels_everybody", "raises_always", "recurses"]
WAYS += ["hostile_argument", "hostile_error"]

@pytest.mark.parametrize("name", WAYS)
async def test_direct(name):
    await getattr(answer, name)()

@pytest.mark.parametrize("name", WAYS)
async def test_call(lab, name):
    call = await lab.call(getattr(answer, name))
    call.expect_value(7)

async def test_value(lab):
    call = await lab.call(answer.hostile_value)
    call.expect_value(7)

async def test_missing_name():
    await answer.absent()

async def test_fine(lab):
    call = await lab.call(answer.fine)
    call.expect_value(7)
"""


def test_stub_is_not_started_wherever_it_is_met(grade: Grade) -> None:
    """A NotImplementedError of the answer means "not written yet", in a task, a group, a thread, or lost."""
    verdicts = grade(STUBS, STUB_CHECKS)
    assert len(verdicts) > 50
    wrong = {
        name: verdict
        for name, verdict in verdicts.items()
        if verdict["outcome"] != ("passed" if name == "test_fine" else "not_started")
    }
    assert wrong == {}


def test_no_way_out_of_a_check_passes(grade: Grade) -> None:
    """Skipping, failing, exiting, cancelling the check and recursing are no passes; each gets one verdict."""
    verdicts = grade(STUBS, WAYS_OUT)
    passed = {name for name, verdict in verdicts.items() if verdict["outcome"] == "passed"}
    assert passed == {"test_fine"}, verdicts
    assert "has no `absent`" in verdicts["test_missing_name"]["text"]
    assert len(verdicts) == 21


THREADS = """
import asyncio
import concurrent.futures
import queue
import threading
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(4)


async def awaits(job):
    return await asyncio.get_running_loop().run_in_executor(pool, job)


async def awaits_default(job):
    return await asyncio.to_thread(job)


async def awaits_shutdown(job):
    own = ThreadPoolExecutor(2)
    jobs = [own.submit(job) for _ in range(3)]
    await asyncio.to_thread(own.shutdown)
    return jobs[0].result()


async def awaits_join(job):
    results = []
    thread = threading.Thread(target=lambda: results.append(job()))
    thread.start()
    await asyncio.to_thread(thread.join)
    return results[0]


async def awaits_many(job):
    return (await asyncio.gather(*[asyncio.to_thread(job) for _ in range(8)]))[0]


async def awaits_in_time(job):
    async with asyncio.timeout(0.001):
        return await asyncio.wrap_future(pool.submit(job))


async def blocks_by_result(job):
    return pool.submit(job).result()  # here


async def blocks_by_exit(job):
    with ThreadPoolExecutor(1) as own:  # here
        done = asyncio.get_running_loop().run_in_executor(own, job)
    return await done


async def blocks_by_join(job):
    thread = threading.Thread(target=job)
    thread.start()
    thread.join()  # here


async def blocks_by_wait(job):
    concurrent.futures.wait([pool.submit(job)])  # here


async def blocks_by_map(job):
    return list(pool.map(lambda _: job(), [1]))  # here


async def blocks_by_queue(job):
    results = queue.Queue()
    pool.submit(lambda: results.put(job()))
    return results.get()  # here


async def blocks_by_event(job):
    done = threading.Event()
    pool.submit(lambda: (job(), done.set()))
    done.wait()  # here


async def blocks_in_a_task(job):
    await asyncio.gather(asyncio.sleep(5), blocks_by_result(job))


async def blocks_by_calling(job):
    return job()  # here


async def late(job):
    own = ThreadPoolExecutor(1)
    own.submit(lambda: own.submit(job))
"""

THREAD_CHECKS = """
GOOD = [name for name in vars(answer) if name.startswith("awaits")]
BAD = [name for name in vars(answer) if name.startswith("blocks")]

@pytest.mark.parametrize("turn", range({repeats}))
@pytest.mark.parametrize("name", GOOD + BAD)
async def test_answers(lab, name, turn):
    call = await lab.call(getattr(answer, name), lab.loop_answers)
    call.expect_value(True)

@pytest.mark.parametrize("turn", range({repeats}))
@pytest.mark.parametrize("name", GOOD + BAD)
async def test_gate(lab, name, turn):
    gate = lab.thread_gate()
    call = lab.call(getattr(answer, name), gate.wait)
    await lab.pause(0)
    gate.open()
    await call
    call.expect_value(True)
"""


def wrong_about_threads(verdicts: Verdicts) -> dict[str, dict[str, str]]:
    """Return the verdicts that are not as the name of the answer's function says."""
    wrong = {}
    for name, verdict in verdicts.items():
        if "blocks" in name:
            right = (
                verdict["outcome"] == "failed" and "loop was blocked" in verdict["text"] and "# here" in verdict["text"]
            )
        else:
            right = verdict["outcome"] == "passed"
        if not right:
            wrong[name] = verdict
    return wrong


def test_blocked_loop_is_told_at_once_and_a_responsive_one_never(grade: Grade) -> None:
    """A loop that waits for a thread is told with its line, by rendezvous and not by a limit."""
    verdicts = grade(THREADS, THREAD_CHECKS.format(repeats=REPEATS), limit=60)
    assert len(verdicts) == 2 * REPEATS * 15
    assert wrong_about_threads(verdicts) == {}


@contextmanager
def hogs(count: int) -> Iterator[None]:
    """Keep the machine busy."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.timeout(600)
def test_blocked_loop_is_told_rightly_under_load(grade: Grade) -> None:
    """The verdict on a blocked loop does not depend on how busy the machine is."""
    with hogs(4):
        verdicts = grade(THREADS, THREAD_CHECKS.format(repeats=max(1, REPEATS // 2)), limit=60)
    assert wrong_about_threads(verdicts) == {}


def test_threads_that_come_too_late_are_let_go(grade: Grade) -> None:
    """A job that begins when the check has ended is not held at its gates, and gets no error from the lab."""
    verdicts = grade(
        """
        import asyncio, threading, time
        from concurrent.futures import ThreadPoolExecutor
        seen = []
        def late(gate, answers):
            def job():
                begun.wait()
                try:
                    seen.append((gate.wait(), answers()))
                except BaseException as error:
                    seen.append(error)
            begun = threading.Event()
            thread = threading.Thread(target=job, daemon=True)
            thread.start()
            return begun, thread
        """,
        """
        LATE = []

        async def test_first(lab):
            LATE.extend(answer.late(lab.thread_gate(), lab.loop_answers))

        async def test_second(lab):
            begun, thread = LATE
            begun.set()
            thread.join(30)
            assert not thread.is_alive()
            assert [type(each) for each in answer.seen] == [tuple], answer.seen
        """,
        limit=40,
    )
    assert verdicts["test_second"]["outcome"] == "passed", verdicts
