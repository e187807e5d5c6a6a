"""What a check may not leave behind: each sin is told in words every time, and its clean counterpart never."""

from __future__ import annotations

import os
from collections.abc import Callable

Verdicts = dict[str, dict[str, str]]
Grade = Callable[..., Verdicts]

# How often each sin is committed; more by the environment, to look for flakes.
REPEATS = int(os.environ.get("LAB_REPEATS", "5"))

ANSWER = """
import asyncio
import concurrent.futures
import queue
import threading

kept = []


class Boom(LookupError):
    pass


async def coro():
    await asyncio.sleep(0)


async def fails():
    raise Boom("bang")


async def forever():
    await asyncio.Event().wait()


async def stubborn():
    while True:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            pass


async def numbers():
    try:
        for number in range(5):
            yield number
    finally:
        await asyncio.sleep(0)


# --- sins: name, then what its verdict must say ---

async def task_left():  # 1 task was still running
    kept.append(asyncio.create_task(asyncio.sleep(1000)))


async def task_left_unstarted():  # 1 task was still running
    kept.append(asyncio.create_task(coro_that_waits()))


async def coro_that_waits():
    await asyncio.Event().wait()


async def tasks_left_dropped():  # 2 tasks were still running
    asyncio.create_task(asyncio.sleep(1000))
    asyncio.create_task(forever())
    await asyncio.sleep(0)


async def task_left_stubborn():  # 1 task was still running
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(1)
    task.cancel()


async def task_left_deep():  # 1 task was still running
    async def inner():
        asyncio.create_task(forever())
    await asyncio.gather(inner())


async def unawaited_dropped():  # The coroutine 'coro' was created and never awaited
    coro()


async def unawaited_kept():  # The coroutine 'coro' was created and never awaited
    kept.append(coro())


async def unawaited_in_cycle():  # The coroutine 'coro' was created and never awaited
    box = [coro()]
    box.append(box)


async def unawaited_sleep():  # The coroutine 'sleep' was created and never awaited
    asyncio.sleep(1)


async def unretrieved_task_dropped():  # was never looked at: Boom: bang
    asyncio.create_task(fails())
    await asyncio.sleep(0)


async def unretrieved_task_kept():  # was never looked at: Boom: bang
    kept.append(asyncio.create_task(fails()))
    await asyncio.sleep(0)


async def unretrieved_task_in_cycle():  # was never looked at: Boom: bang
    box = [asyncio.create_task(fails())]
    box.append(box)
    await asyncio.sleep(1)


async def unretrieved_future_dropped():  # was never looked at: Boom: bang
    asyncio.get_running_loop().create_future().set_exception(Boom("bang"))


async def unretrieved_future_kept():  # was never looked at: Boom: bang
    future = asyncio.get_running_loop().create_future()
    future.set_exception(Boom("bang"))
    kept.append(future)


async def unretrieved_future_in_cycle():  # was never looked at: Boom: bang
    box = [asyncio.get_running_loop().create_future()]
    box.append(box)
    box[0].set_exception(Boom("bang"))


async def unretrieved_by_wait():  # was never looked at: Boom: bang
    await asyncio.wait([asyncio.create_task(fails())])


async def unretrieved_after_race():  # was never looked at: Boom: bang
    done, pending = await asyncio.wait(
        [asyncio.create_task(fails()), asyncio.create_task(coro())], return_when=asyncio.ALL_COMPLETED)


async def timer_left():  # A timer was left behind
    asyncio.get_running_loop().call_later(50, print)


async def timer_left_at():  # A timer was left behind
    kept.append(asyncio.get_running_loop().call_at(1e6, print))


async def coroutine_suspended():  # 'forever' was left suspended half-way
    thing = forever()
    future = thing.send(None)
    kept.append(thing)


async def generator_suspended():  # 'numbers' was left suspended half-way
    async for number in (items := numbers()):
        kept.append(items)
        break


async def loop_unclosed():  # An event loop was created and never closed
    kept.append(asyncio.new_event_loop())


async def callback_raises():  # The event loop had to report
    def callback():
        raise Boom("bang")
    asyncio.get_running_loop().call_soon(callback)
    await asyncio.sleep(0)


async def del_raises():  # An exception could be raised nowhere: Boom: bang
    class Bad:
        def __del__(self):
            raise Boom("bang")
    Bad()


async def file_unclosed():  # Something was not closed
    open(__file__)


# --- clean counterparts ---

async def clean_task_awaited():
    await asyncio.create_task(coro())


async def clean_workers_cancelled():
    jobs = asyncio.Queue()
    async def worker():
        while True:
            await jobs.get()
            jobs.task_done()
    workers = [asyncio.create_task(worker()) for _ in range(5)]
    for number in range(20):
        jobs.put_nowait(number)
    await jobs.join()
    for worker in workers:
        worker.cancel()


async def clean_group():
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(coro())


async def clean_group_fails():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
            group.create_task(fails())
            group.create_task(forever())
    except* Boom:
        pass


async def clean_gather_fails():
    tasks = [asyncio.ensure_future(fails()), asyncio.ensure_future(fails()), asyncio.ensure_future(coro())]
    try:
        await asyncio.gather(*tasks)
    except Boom:
        pass
    await asyncio.wait(tasks)


async def clean_gather_returns():
    return len(await asyncio.gather(fails(), fails(), return_exceptions=True))


async def clean_retrieved_kept():
    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    kept.append((task, task.exception()))


async def clean_error_kept():
    try:
        await fails()
    except Boom as error:
        kept.append(error)


async def clean_coroutine_closed():
    thing = coro()
    thing.close()
    kept.append(thing)


async def clean_generator_closed():
    items = numbers()
    async for number in items:
        break
    await items.aclose()
    kept.append(items)


async def clean_generator_never_begun():
    kept.append(numbers())


async def clean_generator_closure_never_begun():
    async def inner():
        yield kept_name
    kept_name = 1
    kept.append(inner())


async def clean_generator_finished():
    items = numbers()
    kept.append([number async for number in items])
    kept.append(items)


async def clean_timer_cancelled():
    timer = asyncio.get_running_loop().call_later(50, print)
    await asyncio.sleep(1)
    timer.cancel()
    kept.append(timer)


async def clean_timeout():
    try:
        async with asyncio.timeout(1):
            await asyncio.sleep(100)
    except TimeoutError:
        pass
    try:
        await asyncio.wait_for(forever(), 1)
    except TimeoutError:
        pass


async def clean_shield():
    task = asyncio.create_task(asyncio.sleep(5))
    try:
        await asyncio.wait_for(asyncio.shield(task), 1)
    except TimeoutError:
        await task


async def clean_idle_pool():
    pool = concurrent.futures.ThreadPoolExecutor(3)
    kept.append(pool)
    await asyncio.gather(*[asyncio.get_running_loop().run_in_executor(pool, abs, -1) for _ in range(6)])


async def clean_default_pool():
    await asyncio.gather(*[asyncio.to_thread(abs, -1) for _ in range(6)])


async def clean_joined_thread():
    thread = threading.Thread(target=abs, args=(-1,))
    thread.start()
    await asyncio.to_thread(thread.join)


async def clean_loop_closed():
    loop = asyncio.new_event_loop()
    loop.close()
    kept.append(loop)


async def clean_loop_in_thread():
    await asyncio.to_thread(asyncio.run, coro())


async def clean_strange_objects():
    class Proxy:
        @property
        def __class__(self):
            raise RuntimeError("unbound")
    class Liar:
        __class__ = asyncio.Task
        def __getattr__(self, name):
            raise RuntimeError(name)
    box = [Proxy(), Liar()]
    box.append(box)
    kept.append(box)
"""

CHECKS = f"""
import inspect

NAMES = [name for name, thing in vars(answer).items() if inspect.iscoroutinefunction(thing)]
SINS = [name for name in NAMES if "_" in name and not name.startswith(("clean_", "coro_"))]
CLEAN = [name for name in NAMES if name.startswith("clean_")]

@pytest.mark.parametrize("turn", range({REPEATS}))
@pytest.mark.parametrize("name", SINS + CLEAN)
async def test_call(lab, name, turn):
    call = await lab.call(getattr(answer, name))
    call.raise_crash()

@pytest.mark.parametrize("turn", range({REPEATS}))
@pytest.mark.parametrize("name", SINS + CLEAN)
async def test_direct(name, turn):
    await getattr(answer, name)()
"""


def test_each_sin_is_told_and_nothing_else(grade: Grade) -> None:
    """Each sin gives its own verdict every time, and neither it nor a clean answer disturbs what comes after."""
    expected = {}
    for line in ANSWER.splitlines():
        if line.startswith("async def ") and ("#" in line or "clean_" in line):
            head, _, text = line.partition(":  # ")
            expected[head.removeprefix("async def ").partition("(")[0]] = text
    verdicts = grade(ANSWER, CHECKS, limit=30)
    assert len(verdicts) == 2 * REPEATS * len(expected)
    wrong = []
    for name, verdict in verdicts.items():
        sin = name.partition("[")[2].rpartition("-")[0]
        sin = sin if sin in expected else name.partition("[")[2].rstrip("]").partition("-")[2]
        wanted = expected[sin]
        if wanted and not (verdict["outcome"] == "failed" and wanted in verdict["text"]):
            wrong.append((name, verdict))
        if not wanted and verdict["outcome"] != "passed":
            wrong.append((name, verdict))
    told = "\n\n".join(f"{name}: {verdict['outcome']}: {verdict['text']}" for name, verdict in wrong)
    assert not wrong, f"{len(wrong)} of {len(verdicts)} verdicts are wrong:\n{told}"
