"""What a check may not leave behind, noticed the same way every time: garbage is collected before anybody looks."""

from __future__ import annotations

import asyncio
import dis
import gc
import inspect
import logging
import sys
import time
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from asyncio_katas.lab.blocking import real_sleep
from asyncio_katas.lab.chains import Place, answer_line, await_chain, describe_tasks, origin_line
from asyncio_katas.lab.clock import USED_FROM_ANOTHER_THREAD, VirtualLoop
from asyncio_katas.lab.messages import CheckFailed, Message, describe
from asyncio_katas.lab.outside import Outside
from asyncio_katas.lab.timeline import Mark

if TYPE_CHECKING:
    from asyncio_katas.lab.lab import Lab

# Deep enough to find the answer's line above the frames of asyncio.
_ORIGIN_DEPTH = 12
# How many turns a task may take to leave after it was told to: cancelling an idle worker takes two.
_TURNS_OF_GRACE = 4
_WATCHED = (types.CoroutineType, types.AsyncGeneratorType, asyncio.Future, asyncio.BaseEventLoop)
# Real seconds for threads that were told to end; waiting longer can only let a wrong answer off.
_SECONDS_OF_GRACE = 2.0
_LEFT_TASK = "1 task was still running when {name} ended:\n{tasks}"
_LEFT_TASKS = "{count} tasks were still running when {name} ended:\n{tasks}"


class Hygiene:
    """Watches one check, from before its first line until nothing of it should be left."""

    def __init__(self) -> None:
        self._warnings: list[warnings.WarningMessage] = []
        self._unraisable: list[Any] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record every warning and unraisable exception."""
        asyncio_log = logging.getLogger("asyncio")
        depth, hook, silent = sys.get_coroutine_origin_tracking_depth(), sys.unraisablehook, asyncio_log.disabled
        sys.set_coroutine_origin_tracking_depth(_ORIGIN_DEPTH)
        sys.unraisablehook = self._unraisable.append
        asyncio_log.disabled = True
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                self._warnings = caught
                yield
        finally:
            asyncio_log.disabled = silent
            sys.unraisablehook = hook
            sys.set_coroutine_origin_tracking_depth(depth)

    def verdict(self, lab: Lab, loop: VirtualLoop | None) -> CheckFailed | None:
        """Return the first thing that was left behind, in words, or None. To be asked while still watching."""
        if loop is not None and not loop.is_closed():
            _turn(loop, _TURNS_OF_GRACE)
        outside = loop.outside if loop else lab.outside
        _settle(outside)
        # Held while garbage is collected: what nobody refers to was left behind all the same.
        tasks = asyncio.all_tasks(loop) if loop is not None else set()
        gc.collect()
        # Only what matters is kept: a list of everything would become part of the garbage it lists.
        things = [thing for thing in gc.get_objects() if issubclass(type(thing), _WATCHED)]
        return (
            _tasks_left(lab, tasks)
            or self._never_awaited(things)
            or _never_retrieved(things, loop)
            or _timers_left(loop)
            or _loops_left(things, loop)
            or _threads_left(outside)
            or self._complaints(loop)
        )

    def _never_awaited(self, things: list[Any]) -> CheckFailed | None:
        for warning in self._warnings:
            text = str(warning.message)
            if issubclass(warning.category, RuntimeWarning) and "was never awaited" in text:
                name, _, rest = text.partition(" was never awaited")
                return _unawaited(name.removeprefix("coroutine "), _line_of(rest))
        for thing in things:
            if not isinstance(thing, types.CoroutineType):
                continue
            state = inspect.getcoroutinestate(thing)
            if state == inspect.CORO_CREATED:
                return _unawaited(f"'{thing.__qualname__}'", origin_line(thing.cr_origin))
            if state == inspect.CORO_SUSPENDED and not _belongs_to_a_task(thing):
                return _suspended(thing.__qualname__, answer_line(await_chain(thing)))
        for thing in things:
            if isinstance(thing, types.AsyncGeneratorType) and _is_suspended(thing) and not _is_lab(thing):
                return _suspended(thing.__qualname__, answer_line(await_chain(thing)))
        return None

    def _complaints(self, loop: VirtualLoop | None) -> CheckFailed | None:
        for complaint in loop.complaints if loop else []:
            error = complaint.get("exception")
            what: str | Message = complaint.get("message", "")
            if what == USED_FROM_ANOTHER_THREAD:
                return _used_from_another_thread(complaint["place"])
            if error is not None:
                what = Message.joined([what, f"  {describe(error)}"])
            return CheckFailed(
                Message.of("The event loop had to report: {what}", {"what": what}),
                Message("Nobody else could see this: it happened in a callback, or in a task that was thrown away."),
            )
        for unraisable in self._unraisable:
            error = unraisable.exc_value
            return CheckFailed(
                Message.of("An exception could be raised nowhere: {error}", {"error": describe(error)}),
                Message("It left a __del__, a generator or a coroutine while that was being thrown away."),
            )
        for warning in self._warnings:
            if issubclass(warning.category, ResourceWarning):
                return CheckFailed(
                    Message.of("Something was not closed: {what}", {"what": str(warning.message)}),
                    Message("Close what you open, also when an exception passes by: `with`, `async with`, `finally`."),
                )
        return None


def clear_away() -> None:
    """Collect what earlier checks left, which is not the next one's, and leave all the rest out of its collections.

    To be called before anything is made for a check: what is left out of collections is never collected.
    """
    gc.collect()
    gc.freeze()


def end_tasks(loop: VirtualLoop) -> None:
    """Cancel what is left in the loop, and give up on tasks that will not go, so that closing it cannot hang."""
    for _ in range(3):
        left = asyncio.all_tasks(loop)
        if not left:
            return
        for task in left:
            task.cancel()
        _turn(loop, 20)
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        asyncio._unregister_task(task)


def errors_met(lab: Lab, loop: VirtualLoop | None) -> list[BaseException]:
    """Return the exceptions that ended the calls and tasks of a check, whoever has looked at them."""
    loop = loop or lab.last_loop
    futures = [thing for thing in gc.get_objects() if issubclass(type(thing), asyncio.Future)]
    found = [call.error for call in lab.calls]
    found += [complaint.get("exception") for complaint in (loop.complaints if loop else [])]
    found += [getattr(future, "_exception", None) for future in futures]
    return [error for error in found if error is not None]


def _turn(loop: VirtualLoop, turns: int) -> None:
    for _ in range(turns):
        loop.call_soon(loop.stop)
        loop.run_forever()


def _tasks_left(lab: Lab, tasks: set[asyncio.Task[Any]]) -> CheckFailed | None:
    for call in lab.calls:
        left = [task for task in call.left_behind if not task.done()] or call.left_behind
        if left:
            return _left(left, call.name, call.end())
    return _left(list(tasks), Message("the check"), None) if tasks else None


def _left(tasks: list[asyncio.Task[Any]], name: str | Message, mark: Mark | None) -> CheckFailed:
    values = {
        "count": len(tasks),
        "name": name,
        "tasks": describe_tasks(tasks) or Message("  (already gone)"),
    }
    return CheckFailed(
        Message.of(_LEFT_TASK if len(tasks) == 1 else _LEFT_TASKS, values),
        Message("Whoever starts a task waits for it or cancels it, and waits until a cancelled one has ended."),
        mark,
    )


def _timers_left(loop: VirtualLoop | None) -> CheckFailed | None:
    timers = loop.timers() if loop else []
    if not timers or loop is None:
        return None
    timer = timers[0]
    callback = getattr(timer._callback, "__qualname__", None) or type(timer._callback).__name__
    callback = callback.replace("<locals>.", "")
    return CheckFailed(
        Message.of(
            "A timer was left behind: {callback} would still be called at t={due}, and the check ended at t={t}.",
            {"callback": callback, "due": timer.when(), "t": loop.time()},
        ),
        Message("A timer that is not needed any more has to be cancelled, on every way out."),
        Mark(loop.time(), "a timer is still set"),
    )


def _never_retrieved(things: list[Any], loop: VirtualLoop | None) -> CheckFailed | None:
    for complaint in loop.complaints if loop else []:
        error = complaint.get("exception")
        if "never retrieved" in complaint.get("message", "") and error is not None:
            return _unretrieved(complaint.get("future"), error)
    for thing in things:
        if isinstance(thing, asyncio.Future) and thing.done() and getattr(thing, "_log_traceback", False):
            thing._log_traceback = False
            error = None if thing.cancelled() else thing.exception()
            if error is not None:
                return _unretrieved(thing, error)
    return None


def _loops_left(things: list[Any], loop: VirtualLoop | None) -> CheckFailed | None:
    for thing in things:
        if isinstance(thing, asyncio.BaseEventLoop) and thing is not loop and not thing.is_closed():
            if not thing.is_running():
                thing.close()
            return CheckFailed(
                Message("An event loop was created and never closed."),
                Message("asyncio.run() and asyncio.Runner close theirs; a loop made by hand needs close()."),
            )
    return None


def _settle(outside: Outside) -> None:
    """Let threads end that are about to, with what they hold: a loop, say, that is just being closed."""
    deadline = time.monotonic() + _SECONDS_OF_GRACE
    while outside.threads() and outside.busy() and time.monotonic() < deadline:
        real_sleep(0.01)


def _threads_left(outside: Outside) -> CheckFailed | None:
    names = ", ".join(thread.name for thread in outside.threads())
    if not names:
        return None
    return CheckFailed(
        Message.of("Threads were still running when the check ended: {names}.", {"names": names}),
        Message("Whoever starts a thread joins it before it returns."),
    )


def _used_from_another_thread(line: Place | None) -> CheckFailed:
    values = {"place": str(line), "source": line.source() if line else ""}
    here = "The event loop, or one of its futures, was used from another thread:\n  {place}: {source}"
    return CheckFailed(
        Message.of(here if line else "The event loop, or one of its futures, was used from another thread.", values),
        Message("From another thread only loop.call_soon_threadsafe() and run_coroutine_threadsafe() may be called."),
    )


def _unawaited(name: str, line: Place | None) -> CheckFailed:
    values = {"name": name, "place": str(line), "source": line.source() if line else ""}
    here = "The coroutine {name} was created and never awaited.\n  created here: {place}: {source}"
    return CheckFailed(
        Message.of(here if line else "The coroutine {name} was created and never awaited.", values),
        Message("Calling an `async def` runs nothing. On every way out it must be awaited, made a task, or closed."),
    )


def _suspended(name: str, line: Place | None) -> CheckFailed:
    values = {"name": name, "place": str(line), "source": line.source() if line else ""}
    here = "'{name}' was left suspended half-way.\n  it stands here: {place}: {source}"
    return CheckFailed(
        Message.of(here if line else "'{name}' was left suspended half-way.", values),
        Message("What is not run to its end has to be closed, so that its `finally` blocks run."),
    )


def _unretrieved(future: Any, error: BaseException) -> CheckFailed:
    is_task = isinstance(future, asyncio.Task)
    values = {"name": future.get_name() if is_task else "", "error": describe(error)}
    of_task = "The exception of a task {name} was never looked at: {error}"
    return CheckFailed(
        Message.of(of_task if is_task else "The exception of a future was never looked at: {error}", values),
        Message("Await every task, or ask it for its exception(): one that nobody looks at is lost."),
    )


def _is_lab(thing: Any) -> bool:
    code = thing.cr_code if isinstance(thing, types.CoroutineType) else thing.ag_code
    return Place(str(code.co_filename), 0, "").is_lab


def _is_suspended(generator: Any) -> bool:
    if generator.ag_frame is None or generator.ag_running:
        return False
    if hasattr(generator, "ag_suspended"):
        return bool(generator.ag_suspended)
    # Up to 3.11: one that never ran stands at the instruction that made it.
    frame = generator.ag_frame
    return bool(dis.opname[frame.f_code.co_code[frame.f_lasti]] != "RETURN_GENERATOR")


def _belongs_to_a_task(coroutine: types.CoroutineType[Any, Any, Any]) -> bool:
    # Whoever is awaited by another coroutine, or driven by a task, is accounted for there.
    return any(
        isinstance(owner, asyncio.Task | types.CoroutineType | types.GeneratorType | types.AsyncGeneratorType)
        or type(owner).__name__ in {"TaskStepMethWrapper", "coroutine_wrapper", "frame", "async_generator_asend"}
        for owner in gc.get_referrers(coroutine)
    )


def _line_of(traceback_text: str) -> Place | None:
    places = []
    for row in traceback_text.splitlines():
        head, _, rest = row.strip().partition('File "')
        if head == "" and rest:
            path, _, tail = rest.partition('", line ')
            number, _, name = tail.partition(", in ")
            if number.isdigit():
                places.append(Place(path, int(number), name))
    return answer_line(places)
