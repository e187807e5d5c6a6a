"""Hand-made crews of threads on a SimpleQueue; a process is a child of one such thread, talked to over a pipe."""

import asyncio
import contextlib
import multiprocessing
import pickle
import queue
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_SPAWN = multiprocessing.get_context("spawn")  # no forks of a process that runs threads


@dataclass(eq=False)
class _Job:
    """What to call, and the future that waits for it."""

    call: Callable[[], Any]
    answer: "asyncio.Future[Any]"

    def _settle(self, value: Any, error: BaseException | None) -> None:
        if self.answer.done():
            return
        if isinstance(error, StopIteration):
            wrapped = RuntimeError("StopIteration")
            wrapped.__cause__ = error
            error = wrapped
        if error is None:
            self.answer.set_result(value)
        else:
            self.answer.set_exception(error)

    def do(self, run: Callable[[Callable[[], Any]], Any]) -> None:
        """Called on a worker's thread."""
        value, error = None, None
        try:
            value = run(self.call)
        except BaseException as failure:
            error = failure
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know
            self.answer.get_loop().call_soon_threadsafe(self._settle, value, error)


def _serve(pipe: Connection) -> None:
    """Main function of a child process: pickled calls come in, pickled (value, error) go out."""
    with pipe, contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            request = pipe.recv_bytes()
            value, error = None, None
            try:
                value = pickle.loads(request)()
            except BaseException as failure:
                error = failure
            try:
                reply = pickle.dumps((value, error))
                pickle.loads(reply)
            except Exception as failure:
                reply = pickle.dumps((None, RuntimeError(f"{value if error is None else error!r}: {failure}")))
            pipe.send_bytes(reply)


class _Child:
    """A process that makes calls for one thread; started with its first call, and again if it has died."""

    def __init__(self) -> None:
        self._process: Any = None

    def run(self, call: Callable[[], Any]) -> Any:
        request = pickle.dumps(call)
        if self._process is None:
            self._pipe, theirs = _SPAWN.Pipe()
            self._process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        try:
            self._pipe.send_bytes(request)
            reply = self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            self.end()
            raise RuntimeError("the process has died") from error
        value, failure = pickle.loads(reply)
        if failure is not None:
            raise failure
        return value

    def end(self) -> None:
        if self._process is not None:
            self._pipe.close()
            self._process.join()
            self._process = None


class _Here:
    """Makes the calls on the thread itself."""

    def run(self, call: Callable[[], Any]) -> Any:
        return call()

    def end(self) -> None:
        pass


class _Crew:
    """`size` threads that take jobs from one queue, each with a runner of its own; None sends one of them home."""

    def __init__(self, size: int, runner: Callable[[], _Here | _Child]) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._gone = [self._loop.create_future() for _ in range(size)]
        self._threads = [threading.Thread(target=self._work, args=(runner(), gone), daemon=True) for gone in self._gone]
        for thread in self._threads:
            thread.start()

    def _work(self, runner: _Here | _Child, gone: "asyncio.Future[None]") -> None:
        try:
            while (job := self._jobs.get()) is not None:
                job.do(runner.run)
                del job
        finally:
            runner.end()
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(gone.set_result, None)

    def hand_in(self, call: Callable[[], Any]) -> "asyncio.Future[Any]":
        answer = self._loop.create_future()
        self._jobs.put(_Job(call, answer))
        return answer

    def dismiss(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)

    async def gone(self) -> None:
        """Waits without cancelling anything, whatever happens to the caller."""
        interrupted: asyncio.CancelledError | None = None
        while waiting_for := [gone for gone in self._gone if not gone.done()]:
            try:
                await asyncio.wait(waiting_for)
            except asyncio.CancelledError as request:
                interrupted = request
        for thread in self._threads:
            thread.join()
        if interrupted is not None:
            raise interrupted


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    """A crew of one, dismissed with its only job."""
    crew = _Crew(1, _Here)
    answer = crew.hand_in(partial(copy_context().run, fn, *args))
    crew.dismiss()
    result: T
    try:
        result = await answer
    except BaseException:
        if not answer.cancelled():
            await crew.gone()
        raise
    await crew.gone()
    return result


class Offload:
    """Two crews."""

    def __init__(self, *, threads: int, processes: int) -> None:
        self._sizes = threads, processes
        self._crews: tuple[_Crew, _Crew] | None = None

    async def __aenter__(self) -> Self:
        threads, processes = self._sizes
        self._crews = _Crew(threads, _Here), _Crew(processes, _Child)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        crews, self._crews = self._crews, None
        assert crews is not None
        for crew in crews:
            crew.dismiss()
        try:
            await crews[0].gone()
        finally:
            await crews[1].gone()

    def _crew(self, number: int) -> _Crew:
        if self._crews is None:
            raise RuntimeError("Offload is to be used inside its block")
        return self._crews[number]

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """A job for the first crew, in a copy of the caller's context."""
        result: T = await self._crew(0).hand_in(partial(copy_context().run, fn, *args, **kwargs))
        return result

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """A job for the second crew."""
        result: T = await self._crew(1).hand_in(partial(fn, *args, **kwargs))
        return result
