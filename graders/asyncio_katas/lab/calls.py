"""Calls of the code under test, watched from outside: whatever leaves them is kept for the check to judge."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any

from asyncio_katas.lab.chains import Place, stack_line
from asyncio_katas.lab.clock import owner
from asyncio_katas.lab.limits import LimitFired
from asyncio_katas.lab.messages import Message, expect, fail, same, show
from asyncio_katas.lab.timeline import Mark

if TYPE_CHECKING:
    from asyncio_katas.lab.lab import Lab

# How many turns a task may take to leave after it was told to: cancelling an idle worker takes two.
_TURNS_OF_GRACE = 4


class Ending:
    """What came of calling the function under test: a value, or an exception that is kept for the check to judge."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: Any = None
        self.error: BaseException | None = None
        self.ended: float | None = None
        self.left_behind: list[asyncio.Task[Any]] = []

    @property
    def happened(self) -> Message:
        """What came of the call, in words."""
        if self.error is None:
            return Message("returned {value}", {"value": show(self.value)})
        return Message("raised {error}", {"error": show(self.error)})

    def end(self, due: float | None = None) -> Mark:
        """Mark in the timeline when the call ended, and when that was expected."""
        return Mark(self.ended or 0.0, "the call ends", due)

    def raise_crash(self) -> None:
        """Raise the call's exception into the check, for a call that was expected to return."""
        if self.error is not None:
            raise self.error

    def expect_value(self, expected: object, template: str = "", /, *, look: str = "", **values: object) -> None:
        """Expect the call to have returned exactly this value, in type too."""
        __tracebackhide__ = True
        self.raise_crash()
        if not same(self.value, expected):
            if inspect.isawaitable(self.value):
                look = "What came back still has to be awaited: is an `await` missing in front of it?"
            shown: dict[str, Any] = {"actual": show(self.value), "expected": show(expected), **values}
            fail(template or "{call} returned {actual}, expected {expected}.", look=look, call=self.name, **shown)

    def expect_error(
        self,
        expected: BaseException | type[BaseException],
        template: str = "",
        /,
        *,
        look: str = "",
        **values: object,
    ) -> None:
        """Expect this very exception object, or any exception of this class, to have left the call."""
        __tracebackhide__ = True
        error = self.error
        if isinstance(error, NotImplementedError):
            raise error
        matches = isinstance(error, expected) if isinstance(expected, type) else error is expected
        if matches:
            return
        fail(
            template or "{call} {happened}, expected {expected} to leave it.",
            look=look,
            mark=Mark(self.ended or 0.0, "{happened}"),
            **{"call": self.name, "happened": self.happened, "expected": show(expected), **values},
        )


class Attempt(Ending):
    """One call of a synchronous function under test, made at once; never raises into the check."""

    def __init__(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(_name_of(fn))
        _expect_signature(self.name, fn, args, kwargs)
        try:
            self.value = fn(*args, **kwargs)
        except LimitFired:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever leaves the call is what the check looks at
            self.error = error


class ThreadCall(Ending):
    """One call of a synchronous function under test, made in a thread of its own; never raises into the check."""

    def __init__(self, lab: Lab, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(_name_of(fn))
        _expect_signature(self.name, fn, args, kwargs)
        self.over = False
        self._lab = lab
        # A daemon: a call that never returns must not keep the interpreter from ending.
        self._thread = threading.Thread(target=self._run, args=(fn, args, kwargs), name=self.name, daemon=True)
        self._thread.start()

    def _run(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            self.value = fn(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - whatever leaves the call is what the check looks at
            self.error = error
        self.over = True

    def join(self, template: str = "", /, *, look: str = "", **values: object) -> ThreadCall:
        """Wait for the end of the call, and fail the check if it provably never comes; {where} is where it stands."""
        __tracebackhide__ = True
        if not self._lab.wait(lambda: self.over):
            place = self.place()
            values = {"place": str(place), "source": place.source() if place else ""}
            where = Message.of(":\n  {place}: {source}", values) if place else Message(".")
            look = look or "Who should wake it up, and on which thread would that have to happen?"
            shown: dict[str, Any] = {"call": self.name, "where": where, **values}
            fail(
                template or "{call} never came back. It waits for something that does not come{where}",
                look=look,
                **shown,
            )
        self._thread.join()
        return self

    def place(self) -> Place | None:
        """Return the line of the code under test that the call has reached."""
        return stack_line(sys._current_frames().get(self._thread.ident or 0))


class Call(Ending):
    """One call of the function under test, running as a task of its own; never raises into the check."""

    def __init__(
        self, lab: Lab, fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        super().__init__(_name_of(fn))
        self.began = lab.now
        self._lab = lab
        self._over: asyncio.Future[None] = lab.loop.create_future()
        self._awaitable = _invoke(self.name, fn, args, kwargs)
        self._span = lab.timeline.begin(self.name, self.began)
        context = contextvars.copy_context()
        context.run(owner.set, self)
        self._task = lab.loop.create_task(self._run(), name=self.name, context=context)

    async def _run(self) -> None:
        try:
            self.value = await self._awaitable
            self._span.how = "returned"
        except LimitFired:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever leaves the call is what the check looks at
            self.error = error
            self._span.how = "cancelled" if isinstance(error, asyncio.CancelledError) else "raised"
        self._span.end = self.ended = self._lab.now
        self._awaitable = None
        self._settle(self._lab.loop.tasks_of(self) - {self._task}, _TURNS_OF_GRACE)

    def _settle(self, left: set[asyncio.Task[Any]], turns: int) -> None:
        if left and turns:
            self._lab.loop.call_soon(self._settle, left, turns - 1)
            return
        self.left_behind = [task for task in left if not task.done()]
        if not self._over.done():
            self._over.set_result(None)

    def __await__(self) -> Generator[Any, None, Call]:
        if not self._over.done():
            yield from self._over.__await__()
        return self

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self.ended is not None

    def cancel(self) -> None:
        """Cancel the caller, as asyncio cancels whoever awaits the function under test."""
        self._task.cancel()


def _invoke(name: str, fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function under test, and explain a result that cannot be what the contract says."""
    __tracebackhide__ = True
    _expect_signature(name, fn, args, kwargs)
    awaitable = fn(*args, **kwargs)
    expect(
        inspect.isawaitable(awaitable),
        "{name} returned {value} instead of something to await.",
        look="It must be an `async def`, and its body must run only when it is awaited.",
        name=name,
        value=show(awaitable),
    )
    return awaitable


def _name_of(fn: Callable[..., Any]) -> str:
    return getattr(fn, "__qualname__", None) or type(fn).__name__


def _expect_signature(name: str, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    __tracebackhide__ = True
    try:
        inspect.signature(fn).bind(*args, **kwargs)
    except TypeError as error:
        shown = ", ".join([_argument(a) for a in args] + [f"{k}={_argument(v)}" for k, v in kwargs.items()])
        fail(
            "{name} cannot be called as {name}({shown}): {why}.",
            look="Its signature is part of the task. It must stay what the stub gave; yours is {name}{signature}.",
            name=name,
            shown=shown,
            why=str(error),
            signature=str(inspect.signature(fn)),
        )
    except ValueError:
        pass


def _argument(value: object) -> str:
    return getattr(value, "__name__", None) or show(value)
