"""Threads, pools and processes under the virtual clock: it stands still for all that runs, and for nothing else."""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from asyncio_katas.lab import Lab, outside, pass_gate
from asyncio_katas.lab.clock import Deadlock, VirtualLoop

Main = Callable[[], Coroutine[Any, Any, Any]]

# Real seconds a job takes, and the loop seconds of the timeout it runs under.
WORK = 0.06
LIMIT = 0.001


def run(main: Main) -> Any:
    """Run a coroutine function on a virtual loop, and see that its end costs no loop time."""
    with outside.recorded(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        value = runner.run(main())
        assert runner.get_loop().time() == 0
        return value


def work(value: int = 7) -> int:
    """Take real time."""
    time.sleep(WORK)
    return value


def quick(value: int = 7) -> int:
    """Take next to no time."""
    return value


def die() -> None:
    """End the process."""
    os._exit(3)


async def in_default_pool() -> int:
    """Run a job in the loop's default pool."""
    return await asyncio.get_running_loop().run_in_executor(None, work)


async def in_to_thread() -> int:
    """Run a job by to_thread."""
    return await asyncio.to_thread(work)


async def in_own_pool() -> int:
    """Run a job in an own pool."""
    with ThreadPoolExecutor(2) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


async def by_wrap_future() -> int:
    """Submit a job and wrap its future."""
    with ThreadPoolExecutor(2) as pool:
        return await asyncio.wrap_future(pool.submit(work))


async def by_own_thread() -> int:
    """Start a thread that calls back."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(done.set_result, work()))
    thread.start()
    value: int = await done
    thread.join()
    return value


async def by_timer_thread() -> int:
    """Start a threading.Timer."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    threading.Timer(WORK, lambda: loop.call_soon_threadsafe(done.set_result, 7)).start()
    return int(await done)


async def by_chained_jobs() -> int:
    """Submit a job that submits a job to another pool, which calls back."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:

        def begin() -> None:
            second.submit(lambda: loop.call_soon_threadsafe(done.set_result, work()))

        first.submit(begin)
        return int(await done)


async def by_chained_threads() -> int:
    """Submit a job that starts a thread and ends at once."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    threads = [threading.Thread(target=lambda: loop.call_soon_threadsafe(done.set_result, work()))]
    await loop.run_in_executor(None, threads[0].start)
    value: int = await done
    threads[0].join()
    return value


async def by_nested_result() -> int:
    """Submit a job that waits for a job of another pool."""
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        return await asyncio.wrap_future(first.submit(lambda: second.submit(work).result()))


async def by_queue_thread() -> int:
    """Hand a job to an own worker thread that lives on a queue."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    jobs: queue.Queue[Callable[[], object] | None] = queue.Queue()

    def serve() -> None:
        while job := jobs.get():
            job()

    thread = threading.Thread(target=serve)
    thread.start()
    jobs.put(lambda: loop.call_soon_threadsafe(done.set_result, work()))
    try:
        return int(await done)
    finally:
        jobs.put(None)
        thread.join()


async def by_coroutine_threadsafe() -> int:
    """Run a job that asks the loop for an answer and goes on working."""
    loop = asyncio.get_running_loop()

    async def answer() -> int:
        await asyncio.sleep(0)
        return 5

    def job() -> int:
        return asyncio.run_coroutine_threadsafe(answer(), loop).result() + work(2)

    return await asyncio.to_thread(job)


async def behind_a_full_pool() -> int:
    """Queue three jobs behind one worker."""
    with ThreadPoolExecutor(1) as pool:
        jobs = [asyncio.wrap_future(pool.submit(work, number)) for number in (1, 2, 4)]
        return sum(await asyncio.gather(*jobs))


async def by_shutdown_in_a_thread() -> int:
    """Let a thread close the pool that is at work."""
    pool = ThreadPoolExecutor(1)
    job = pool.submit(work)
    await asyncio.to_thread(pool.shutdown)
    return job.result()


async def by_process_and_join() -> int:
    """Start a process and join it in a thread."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == 0
    return 7


async def by_subprocess() -> int:
    """Run a program and read what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"import time; time.sleep({WORK}); print(7)", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return int(out)


async def by_polling_turns() -> int:
    """Ask a running job again and again in the same moment."""
    job = asyncio.get_running_loop().run_in_executor(None, work)
    while not job.done():
        await asyncio.sleep(0)
    return job.result()


async def by_reading_a_pipe() -> int:
    """Wait for a byte that a thread writes."""
    left, right = os.pipe()
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def read() -> None:
        if not done.done():
            done.set_result(os.read(left, 1))

    loop.add_reader(left, read)
    thread = threading.Thread(target=lambda: os.write(right, bytes([work()])))
    thread.start()
    try:
        return int((await done)[0])
    finally:
        loop.remove_reader(left)
        thread.join()
        os.close(left)
        os.close(right)


WAYS: list[Main] = [
    in_default_pool,
    in_to_thread,
    in_own_pool,
    by_wrap_future,
    by_own_thread,
    by_timer_thread,
    by_chained_jobs,
    by_chained_threads,
    by_nested_result,
    by_queue_thread,
    by_coroutine_threadsafe,
    behind_a_full_pool,
    by_shutdown_in_a_thread,
    by_process_and_join,
    by_subprocess,
    by_polling_turns,
    by_reading_a_pipe,
]


async def bare(main: Main) -> Any:
    """Wait without any timer."""
    return await main()


async def under_timeout(main: Main) -> Any:
    """Wait under `asyncio.timeout`."""
    async with asyncio.timeout(LIMIT):
        return await main()


async def under_wait_for(main: Main) -> Any:
    """Wait under `wait_for`."""
    return await asyncio.wait_for(main(), LIMIT)


@pytest.mark.parametrize("wait", [bare, under_timeout, under_wait_for])
@pytest.mark.parametrize("way", WAYS)
def test_clock_stands_still_while_outside_works(way: Main, wait: Callable[[Main], Coroutine[Any, Any, Any]]) -> None:
    """A job outside the loop never times out and is never taken for a standstill, however it was started."""
    assert run(lambda: wait(way)) == 7


@pytest.mark.parametrize("way", ["fork", "forkserver", "spawn"])
def test_clock_stands_still_for_process_pools(way: str) -> None:
    """Jobs of a process pool never time out, from the start of its processes to its end."""

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(way)) as pool:
            async with asyncio.timeout(LIMIT):
                jobs = [loop.run_in_executor(pool, abs, -number) for number in range(5)]
                got = await asyncio.gather(*jobs)
                await asyncio.to_thread(pool.shutdown)
                return got

    assert run(main) == [0, 1, 2, 3, 4]


def test_broken_process_pool_is_no_standstill() -> None:
    """A process pool whose process dies gives its error, not a standstill."""

    async def main() -> None:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            async with asyncio.timeout(LIMIT):
                await asyncio.get_running_loop().run_in_executor(pool, die)

    with pytest.raises(concurrent.futures.process.BrokenProcessPool):
        run(main)


def test_pool_from_before_the_loop_is_seen() -> None:
    """A pool made and used before the loop holds the clock while it works for it."""
    with outside.recorded(), ThreadPoolExecutor(2) as pool:
        pool.submit(quick).result()

        async def main() -> int:
            async with asyncio.timeout(LIMIT):
                return await asyncio.get_running_loop().run_in_executor(pool, work)

        assert run(main) == 7


def test_idle_pools_do_not_hold_the_clock() -> None:
    """Idle pools of threads and processes, and own threads idle on a queue, let the clock run."""

    async def main() -> float:
        jobs: queue.Queue[None] = queue.Queue()
        thread = threading.Thread(target=jobs.get)
        thread.start()
        fork = multiprocessing.get_context("fork")
        with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(1, mp_context=fork) as processes:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(threads, quick)
            await loop.run_in_executor(processes, quick)
            await asyncio.sleep(1000)
            ended = loop.time()
            jobs.put(None)
        thread.join()
        return ended

    with outside.recorded(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(main()) == 1000


@contextmanager
def stuck_threads() -> Iterator[list[threading.Event]]:
    """Give a list of events, all set at the end so that every thread can go."""
    events: list[threading.Event] = []
    try:
        yield events
    finally:
        for event in events:
            event.set()


def test_thread_that_waits_for_ever_is_a_standstill() -> None:
    """A job that waits for what nobody sets is a standstill, told at once, in every kind of thread."""
    with stuck_threads() as events:

        async def in_pool() -> None:
            events.append(threading.Event())
            await asyncio.to_thread(events[-1].wait)

        async def in_thread() -> None:
            events.append(threading.Event())
            threading.Thread(target=events[-1].wait).start()
            await asyncio.Event().wait()

        async def in_queue() -> None:
            pool = ThreadPoolExecutor(1)
            events.append(threading.Event())
            pool.submit(events[-1].wait)
            await asyncio.wrap_future(pool.submit(quick))

        async def in_join() -> None:
            events.append(threading.Event())
            thread = threading.Thread(target=events[-1].wait)
            thread.start()
            await asyncio.to_thread(thread.join)

        for main in (in_pool, in_thread, in_queue, in_join):
            with pytest.raises(Deadlock):
                run(main)


def test_timeout_passes_a_thread_that_waits_for_ever() -> None:
    """A timeout comes at its moment where the awaited job can never end."""
    with stuck_threads() as events:

        async def main() -> float:
            events.append(threading.Event())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(events[-1].wait), 3)
            return asyncio.get_running_loop().time()

        with outside.recorded(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
            assert runner.run(main()) == 3


def test_polling_by_time_is_no_spinning_while_a_job_runs() -> None:
    """Polling a job every hundredth of a second waits for it in real time and sees it done."""

    async def main() -> tuple[int, float]:
        job = asyncio.get_running_loop().run_in_executor(None, work)
        while not job.done():
            await asyncio.sleep(0.01)
        return job.result(), asyncio.get_running_loop().time()

    with outside.recorded(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(main()) == (7, 0.01)


def test_leftovers_of_an_earlier_loop_do_not_hold_the_clock() -> None:
    """Threads, pool jobs and processes that still work for an earlier loop let the clock of the next one run."""
    ended = threading.Event()

    def endless() -> None:
        while not ended.wait(0.01):
            pass

    async def leave() -> None:
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, endless)
        ThreadPoolExecutor(1).submit(endless)
        threading.Thread(target=endless, daemon=True).start()

    async def main() -> None:
        async with asyncio.timeout(10):
            await asyncio.sleep(5)
        await asyncio.Event().wait()

    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(100,))
    process.start()
    try:
        with outside.recorded():
            with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                runner.run(leave())
            with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.raises(Deadlock, match="t=5"):
                runner.run(main())
    finally:
        process.kill()
        process.join()
        ended.set()


def test_exit_codes_are_left_to_whoever_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that a thread joins keeps its exit code, however often the loop looks at it."""
    monkeypatch.setattr("asyncio_katas.lab.clock._GLANCE", 0.0001)

    async def main() -> list[int | None]:
        codes = []
        context = multiprocessing.get_context("forkserver")
        for _ in range(12):
            process = context.Process(target=time.sleep, args=(0.01,))
            process.start()
            await asyncio.to_thread(process.join)
            codes.append(process.exitcode)
        return codes

    assert run(main) == [0] * 12


# --- races: what lies between the loop's looks is stretched, so that others act there ---


class Stretched:
    """Stands for `sys`, and lets other threads run on after each look at the frames."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def _current_frames(self) -> Any:
        frames = sys._current_frames()
        time.sleep(self.seconds)
        return frames


@pytest.fixture
def stretched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stretch the moment after each look at the frames, and make threads take turns often."""
    monkeypatch.setattr(outside, "sys", Stretched(0.004))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("stretched")
@pytest.mark.parametrize("gap", [0.0, 0.001, 0.003, 0.005, 0.011])
def test_no_race_between_two_jobs_of_a_worker(gap: float) -> None:
    """A worker between two jobs is never taken for idle."""

    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            for _ in range(15):
                async with asyncio.timeout(LIMIT):
                    first = pool.submit(time.sleep, gap)
                    second = asyncio.wrap_future(pool.submit(time.sleep, 0.012))
                    await second
                    assert first.done()

    run(main)


@pytest.mark.usefixtures("stretched")
@pytest.mark.parametrize("gap", [0.0, 0.001, 0.003, 0.005, 0.011])
@pytest.mark.parametrize("way", ["pool", "thread", "queue"])
def test_no_race_in_chains(way: str, gap: float) -> None:
    """Work handed from a thread to another thread is never lost from sight on its way."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        jobs: queue.Queue[Callable[[], object] | None] = queue.Queue()

        def serve() -> None:
            while job := jobs.get():
                job()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
                second.submit(quick).result()
                for _ in range(12):
                    done = loop.create_future()

                    def last(done: asyncio.Future[None] = done) -> None:
                        time.sleep(0.012)
                        loop.call_soon_threadsafe(done.set_result, None)

                    def begin(last: Callable[[], None] = last) -> None:
                        time.sleep(gap)
                        if way == "pool":
                            second.submit(last)
                        elif way == "thread":
                            threading.Thread(target=last).start()
                        else:
                            jobs.put(last)

                    first.submit(begin)
                    async with asyncio.timeout(LIMIT):
                        await done
        finally:
            jobs.put(None)
            thread.join()

    run(main)


@pytest.mark.usefixtures("stretched")
@pytest.mark.parametrize("gap", [0.0, 0.002, 0.004])
def test_no_race_at_the_end_of_a_joined_thread(gap: float) -> None:
    """Whoever joins a thread, or closes a pool, is never lost from sight while that ends."""

    async def main() -> None:
        for _ in range(8):
            async with asyncio.timeout(LIMIT):
                thread = threading.Thread(target=time.sleep, args=(gap,))
                thread.start()
                await asyncio.to_thread(thread.join)
                pool = ThreadPoolExecutor(2)
                pool.submit(time.sleep, gap)
                pool.submit(quick)
                await asyncio.to_thread(pool.shutdown)

    run(main)


@pytest.mark.usefixtures("stretched")
def test_no_race_in_process_pools() -> None:
    """The moment in which a process pool hands over a result is never taken for idle."""

    async def main() -> None:
        context = multiprocessing.get_context("fork")
        for _ in range(3):
            async with asyncio.timeout(LIMIT):
                pool = ProcessPoolExecutor(1, mp_context=context)
                for gap in (0.0, 0.001, 0.003, 0.006):
                    await asyncio.get_running_loop().run_in_executor(pool, time.sleep, gap)
                await asyncio.to_thread(pool.shutdown)

    run(main)


@pytest.mark.usefixtures("stretched")
@pytest.mark.parametrize("gap", [0.0, 0.002, 0.004, 0.006])
def test_no_race_in_a_loop_of_another_thread(gap: float) -> None:
    """A loop that has just been called, or runs a callback, is never taken for one that sleeps."""
    look = outside.Outside()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    missed = 0
    for _ in range(15):
        answered = threading.Event()

        def answer(answered: threading.Event = answered) -> None:
            time.sleep(gap)
            loop.call_soon(answered.set)

        loop.call_soon_threadsafe(answer)
        deadline = time.monotonic() + 30
        while look.busy() and time.monotonic() < deadline:
            pass
        missed += not answered.is_set()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert not missed


def test_looks_bear_pools_that_grow_meanwhile() -> None:
    """The loop may look while other threads submit jobs and make pools."""
    ended = threading.Event()
    failures: list[BaseException] = []

    def grow() -> None:
        while not ended.is_set():
            with ThreadPoolExecutor(3) as pool:
                list(pool.map(quick, range(20)))

    with outside.recorded():
        look = outside.Outside()
        threads = [threading.Thread(target=grow) for _ in range(3)]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for thread in threads:
                thread.start()
            for _ in range(1500):
                try:
                    look.busy()
                    look.threads()
                except RuntimeError as error:
                    failures.append(error)
        finally:
            sys.setswitchinterval(interval)
            ended.set()
            for thread in threads:
                thread.join()
    assert failures == []


def test_job_that_ends_at_the_verdict_is_no_spinning(monkeypatch: pytest.MonkeyPatch) -> None:
    """A polled job that ends between the loop's look at files and its look at threads is no spinning."""
    real = VirtualLoop._outside_runs
    jobs: list[Any] = []
    judged = threading.Event()

    def late(loop: VirtualLoop) -> bool:
        judged.set()
        while not jobs[-1].done():
            time.sleep(0.001)
        time.sleep(0.02)
        return real(loop)

    monkeypatch.setattr(VirtualLoop, "_outside_runs", late)

    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            jobs.append(pool.submit(judged.wait))
            waiter = asyncio.wrap_future(jobs[-1])
            while not waiter.done():
                await asyncio.sleep(0)

    run(main)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("where", ["a process", "a thread by mistake"])
def test_a_parked_process_does_not_hold_the_clock(where: str, held: bool) -> None:
    """A job of a process pool holds the clock, unless whoever does it waits for the check itself."""
    lab = Lab()

    async def main() -> None:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) if where == "a process" else ThreadPoolExecutor(1) as pool:
            gate = lab.process_gate()
            job = pool.submit(pass_gate, gate.address, "through")
            await lab.until(lambda: bool(gate.arrived))
            assert not lab.loop.outside.busy()
            if held:
                # Nothing can come any more, and that is known without waiting for real.
                await lab.until(job.done)
                assert not job.done()
            gate.open()
            assert await asyncio.wrap_future(job) == "through"
        lab.end()

    run(main)
    assert not [thread for thread in threading.enumerate() if thread.name == "process-gate"]


def test_a_process_at_a_gate_sees_a_blocked_loop() -> None:
    """A loop that waits for a process, which waits for the check, is noticed, and the process let go."""
    lab = Lab()

    async def main() -> None:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            assert not lab.loop.outside.busy()
            assert pool.submit(pass_gate, lab.process_gate().address, 7).result() == 7
        lab.end()

    run(main)
    assert len(lab.blocked_at) == 1


def test_a_worker_that_looks_is_at_its_job() -> None:
    """A pool's worker that finds the loop stuck does not take its own job for one that an idle worker might take."""
    seen: list[bool] = []

    async def main() -> None:
        outer = asyncio.get_running_loop()
        assert isinstance(outer, VirtualLoop)
        look, thread = outer.outside, threading.current_thread()
        with ThreadPoolExecutor(2) as pool:
            barrier = threading.Barrier(2)
            concurrent.futures.wait([pool.submit(barrier.wait) for _ in range(2)])

            def job() -> None:
                deadline = time.monotonic() + 30
                while not look.stuck(thread) and time.monotonic() < deadline:
                    time.sleep(0.001)
                seen.append(look.stuck(thread))

            pool.submit(job).result()

    run(main)
    assert seen == [True]
