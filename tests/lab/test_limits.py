"""The limit of a check: it ends whatever can be ended from within, and nobody can make it forgotten."""

from __future__ import annotations

from collections.abc import Callable

Verdicts = dict[str, dict[str, str]]
Grade = Callable[..., Verdicts]

ANSWER = """
import asyncio
import threading
import select


class Own(BaseException):
    pass


async def busy_loop():
    while True: pass  # here


async def blocking_sleep():
    select.select([], [], [], 1000)  # here


async def sleeps_in_a_loop():
    while True:
        select.select([], [], [], 0.02)  # here


async def swallows_and_returns():
    try:
        select.select([], [], [], 1000)  # here
    except BaseException:
        return "ok"


async def swallows_three_times():
    for _ in range(3):
        try:
            select.select([], [], [], 1000)  # here
        except BaseException:
            pass
    return "ok"


async def turned_into_an_exit():
    try:
        select.select([], [], [], 1000)  # here
    except BaseException:
        raise SystemExit(0)


async def turned_into_a_cancellation():
    try:
        select.select([], [], [], 1000)  # here
    except BaseException:
        raise asyncio.CancelledError


async def turned_into_an_own_error():
    try:
        select.select([], [], [], 1000)  # here
    except BaseException:
        raise Own


async def turned_into_a_stub():
    try:
        select.select([], [], [], 1000)  # here
    except BaseException:
        raise NotImplementedError


async def swallowed_by_gather():
    await asyncio.gather(blocking_sleep(), return_exceptions=True)
    return "ok"


async def swallowed_by_wait():
    await asyncio.wait([asyncio.create_task(blocking_sleep())])
    return "ok"


async def swallowed_by_group():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(blocking_sleep())
    except BaseExceptionGroup:
        return "ok"


async def swallowed_by_callback():
    asyncio.get_running_loop().call_soon(select.select, [], [], [], 1000)
    asyncio.get_running_loop().call_soon(busy)
    await asyncio.sleep(1)
    return "ok"


def busy():
    while True: pass


async def lock_twice():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()  # here


async def job_without_end():
    await asyncio.to_thread(select.select, [], [], [], 1000)


async def busy_when_cancelled():
    async def background():
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            while True: pass
    asyncio.create_task(background())
    await asyncio.sleep(0)


async def busy_in_grace():
    async def background():
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        while True: pass
    asyncio.create_task(background())


async def busy_in_a_generator():
    kept.append(items())
    await anext(kept[-1])

kept = []


async def items():
    try:
        yield 1
        yield 2
    finally:
        while True: pass


async def fine():
    await asyncio.sleep(1e6)
    return "ok"
"""

CHECKS = """
ENDLESS = {endless}

@pytest.mark.parametrize("name", [each for name in ENDLESS for each in (name, "fine")])
async def test_call(lab, name):
    call = await lab.call(getattr(answer, name))
    call.expect_value("ok")

@pytest.mark.parametrize("name", [each for name in ENDLESS[:{direct}] for each in (name, "fine")])
async def test_direct(lab, name):
    await getattr(answer, name)()
"""

SHOWN = [
    "busy_loop",
    "blocking_sleep",
    "sleeps_in_a_loop",
    "swallows_and_returns",
    "swallows_three_times",
    "turned_into_an_exit",
    "turned_into_a_cancellation",
    "turned_into_an_own_error",
    "turned_into_a_stub",
    "swallowed_by_gather",
    "swallowed_by_wait",
    "swallowed_by_group",
    "swallowed_by_callback",
    "lock_twice",
    "job_without_end",
]


def test_limit_outranks_whatever_the_code_makes_of_it(grade: Grade) -> None:
    """An endless check is a timeout with the line it stood at, whatever the code catches; the next one passes."""
    verdicts = grade(ANSWER, CHECKS.format(endless=SHOWN, direct=9), limit=0.3)
    wrong = {}
    for name, verdict in verdicts.items():
        outcome, words = ("passed", "") if "fine" in name else ("timeout", "The check did not end within 0.3 seconds.")
        # A callback of the library and a job in a thread have no line of the answer on the loop's stack.
        line = "" if any(odd in name for odd in ("fine", "callback", "job_without_end")) else "# here"
        if verdict["outcome"] != outcome or words not in verdict["text"] or line not in verdict["text"]:
            wrong[name] = verdict
    assert len(verdicts) == 2 * len(SHOWN) + 18
    assert wrong == {}


def test_cleaning_up_has_a_limit_too(grade: Grade) -> None:
    """Code that never ends when it is cleaned up holds nobody up for ever, and does not harm the next check."""
    endless = ["busy_when_cancelled", "busy_in_grace", "busy_in_a_generator"]
    verdicts = grade(ANSWER, CHECKS.format(endless=endless, direct=1), limit=0.5)
    for name, verdict in verdicts.items():
        assert (verdict["outcome"] == "passed") is ("fine" in name), (name, verdict)
    assert len(verdicts) == 2 * len(endless) + 2
