"""The worker: the process in which an answer is examined. It holds no secret, and nobody believes it.

It puts itself behind the layers of isolation, imports the answer, hands it proxies for whatever it awaits, and runs it
on an event loop whose clock is the judge's. Whenever nothing can run it says so, with its next timer, and waits for
the judge's next turn.
"""

from __future__ import annotations

import asyncio
import builtins
import importlib.util
import inspect
import json
import math
import os
import selectors
import sys
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from types import MappingProxyType
from typing import Any

from asyncio_katas.isolation import landlock, process
from asyncio_katas.isolation.levels import Level
from asyncio_katas.isolation.settling import settle

# Far above what an answer needs between two moments of rest.
_TURNS_WITHOUT_REST = 20_000
_MAX_DEPTH = 8
_MAX_ITEMS = 500
_MAX_TEXT = 500
_MAX_WHOLE = 10**15
# Of one value, as JSON.
_MAX_TOLD = 20_000


class Link:
    """The two pipes to the judge. Every line carries the token of the judge's latest one."""

    def __init__(self, source: int, sink: int) -> None:
        self._lines = os.fdopen(source, "rb")
        self._sink = sink
        self._turn = ""
        self.now = 0.0
        self.owing = False

    def receive(self) -> dict[str, Any]:
        """Wait for the judge's next line; leave where there is no judge any more."""
        line = self._lines.readline()
        if not line:
            os._exit(0)
        turn: dict[str, Any] = json.loads(line)
        self._turn = turn["turn"]
        return turn

    def next_orders(self) -> list[dict[str, Any]]:
        """Wait for the judge's next turn, take over its time, and return what is to be done."""
        turn = self.receive()
        self.now = turn["now"]
        self.owing = True
        orders: list[dict[str, Any]] = turn["orders"]
        return orders

    def say(self, kind: str, **values: Any) -> None:
        """Tell the judge."""
        line = json.dumps({"turn": self._turn, "say": kind, **values}).encode() + b"\n"
        while line:
            line = line[os.write(self._sink, line) :]

    def rest(self, wake: float | None) -> None:
        """Tell the judge that nothing can run before `wake`."""
        self.owing = False
        self.say("idle", wake=wake)


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type, unused-ignore]
    """Never waits: where the loop would, the judge is asked."""

    def __init__(self, loop: JudgedLoop) -> None:
        super().__init__()
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, or let the judge's next turn come."""
        events: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        self._turns += 1
        if events or timeout == 0:
            if self._turns > _TURNS_WITHOUT_REST:
                self._loop.link.say("spins")
                os._exit(0)
            return events
        self._turns = 0
        self._loop.at_rest()
        return []


class JudgedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the judge's."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.at_rest: Callable[[], None] = lambda: None
        super().__init__(_Selector(self))
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Return the judge's time."""
        return self.link.now

    def next_timer(self) -> float | None:
        """Return when the next timer is due, or None without any."""
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        wake = min((timer.when() for timer in timers if not timer.cancelled()), default=math.inf)
        return None if math.isinf(wake) else wake


class Stop(BaseException):
    """A failure that is no Exception."""


class Custom:
    """An awaitable that is neither a coroutine nor a future."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __await__(self) -> Generator[Any, None, Any]:
        return self._inner.__await__()  # type: ignore[no-any-return]


class Thing:
    """An object of the judge's, with asynchronous methods."""

    def __init__(self, token: str) -> None:
        self.token = token


class Stage:
    """One act: an event loop of its own, and what the judge and the answer share on it."""

    def __init__(self, module: Any, link: Link) -> None:
        self._module, self._link = module, link
        self._loop = JudgedLoop(link)
        self._loop.at_rest = self._at_rest
        self._kept: dict[str, Any] = {}
        self._runs: dict[str, asyncio.Task[Any]] = {}
        self._answers: dict[int, asyncio.Future[tuple[str, Any]]] = {}
        self._things: dict[str, Thing] = {}
        self._calls = 0

    def perform(self) -> None:
        """Do what the judge says until it closes the act."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()
        self._link.rest(None)

    def _at_rest(self) -> None:
        if self._link.owing:
            self._link.rest(self._loop.next_timer())
        for order in self._link.next_orders():
            getattr(self, f"_do_{order.pop('do')}")(**order)

    def _do_close(self) -> None:
        self._loop.stop()

    def _do_settle(self, call: int, how: str, value: Any) -> None:
        answer = self._answers[call]
        if not answer.done():
            answer.set_result((how, value))

    def _do_cancel(self, token: str, turns: int) -> None:
        if turns:
            self._loop.call_soon(self._do_cancel, token, turns - 1)
        else:
            self._runs[token].cancel()

    def _do_run(self, *, run: str, name: str, args: list[Any], kwargs: dict[str, Any], keep: bool, sync: bool) -> None:
        async def main() -> Any:
            result = getattr(self._module, name)(*decoded, **named)
            if not sync and inspect.isawaitable(result):
                result = await result
            if keep:
                self._kept[run] = result
            return result

        decoded = [self._decode(value) for value in args]
        named = {key: self._decode(value) for key, value in kwargs.items()}
        self._start(run, main)

    def _do_block(self, run: str, of: str, name: str, args: list[Any], body: str) -> None:
        async def main() -> Any:
            async with getattr(self._kept.get(of, self._module), name)(*decoded) as entered:
                self._kept[run] = entered
                await self._call(body, [entered])

        decoded = [self._decode(value) for value in args]
        self._start(run, main)

    def _do_loop(self, run: str, of: str, name: str, args: list[Any], body: str) -> None:
        async def main() -> Any:
            owner = self._kept.get(of, self._module)
            iterator = getattr(owner, name)(*decoded) if name else owner
            async for item in iterator:
                if await self._call(body, [item]):
                    break
            else:
                return
            await iterator.aclose()

        decoded = [self._decode(value) for value in args]
        self._start(run, main)

    def _start(self, run: str, main: Callable[[], Awaitable[Any]]) -> None:
        async def tell() -> None:
            try:
                value = await main()
            except BaseException as error:  # noqa: BLE001 - whatever it is, the judge is told
                self._link.say("raised", run=run, error=_told(error, {"error": [_name(type(error)), ""]}))
            else:
                self._link.say("returned", run=run, value=_told(value))

        self._runs[run] = self._loop.create_task(tell())

    async def _call(self, of: str, args: list[Any]) -> Any:
        """Have the judge serve a call. A cancelled one ends when the judge says that its cleanup is over."""
        number, self._calls = self._calls, self._calls + 1
        self._link.say("call", of=of, args=_told(list(args), []))
        try:
            how, value = await self._answer(number)
        except asyncio.CancelledError:
            if self._is_answered(number):
                raise
            self._link.say("cancelled", call=number)
            try:
                how, value = await self._answer(number)
            except asyncio.CancelledError:
                if not self._is_answered(number):
                    self._link.say("cancelled", call=number)
                raise
            if how == "raise":
                raise self._decode(value) from None
            raise
        if how == "raise":
            raise self._decode(value)
        return self._decode(value)

    def _answer(self, number: int) -> asyncio.Future[tuple[str, Any]]:
        self._answers[number] = self._loop.create_future()
        return self._answers[number]

    def _is_answered(self, number: int) -> bool:
        answer = self._answers[number]
        return answer.done() and not answer.cancelled()

    def _decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        ((tag, inner),) = value.items()
        return getattr(self, f"_make_{tag}")(inner)

    def _make_tuple(self, items: list[Any]) -> tuple[Any, ...]:
        return tuple(self._decode(item) for item in items)

    def _make_iterator(self, items: list[Any]) -> Any:
        return iter([self._decode(item) for item in items])

    def _make_mapping(self, pairs: list[tuple[str, Any]]) -> MappingProxyType[str, Any]:
        return MappingProxyType({key: self._decode(item) for key, item in pairs})

    def _make_error(self, parts: list[str]) -> BaseException:
        kind = Stop if parts[0] == "Stop" else getattr(builtins, parts[0], None) or getattr(asyncio, parts[0])
        error: BaseException = kind(parts[1])
        return error

    def _make_group(self, parts: list[Any]) -> BaseException:
        return BaseExceptionGroup(parts[2], [self._decode(member) for member in parts[1]])

    def _make_service(self, parts: list[str]) -> Callable[..., Any]:
        token, form = parts

        def serve(*args: Any) -> Any:
            coroutine = self._call(token, list(args))
            return Custom(coroutine) if form == "custom" else coroutine

        return serve

    def _make_awaitable(self, parts: list[str]) -> Any:
        token, form, name = parts
        coroutine = self._call(token, [])
        if form == "task":
            self._runs[token] = self._loop.create_task(coroutine, name=name)
            return self._runs[token]
        return Custom(coroutine) if form == "custom" else coroutine

    def _make_kept(self, token: str) -> Any:
        return self._kept[token] if token in self._kept else self._runs[token]

    def _make_callback(self, token: str) -> Callable[..., None]:
        return lambda *args: self._link.say("notice", of=token, args=_told(list(args), []))

    def _make_question(self, token: str) -> Callable[..., Any]:
        def ask(*args: Any) -> Any:
            self._link.say("ask", of=token, args=_told(list(args), []))
            return self._link.receive()["answer"]

        return ask

    def _make_object(self, parts: list[Any]) -> Thing:
        token, methods = parts
        if token not in self._things:
            thing = self._things[token] = Thing(token)
            for name, (of, parameters) in methods.items():
                setattr(thing, name, self._method(of, parameters))
        return self._things[token]

    def _method(self, of: str, parameters: list[str]) -> Callable[..., Any]:
        def method(*args: Any, **kwargs: Any) -> Any:
            return self._call(of, [*args, *(kwargs[name] for name in parameters[len(args) :])])

        return method


def _told(value: Any, otherwise: Any = None) -> Any:
    """Return JSON for a value; where that would be very long, the type alone, or what is to stand for it."""
    encoded = _encode(value)
    if len(json.dumps(encoded)) <= _MAX_TOLD:
        return encoded
    return {"other": _name(type(value))} if otherwise is None else otherwise


def _encode(value: Any, depth: int = 0) -> Any:
    """Return JSON for a value; of what is too large, or of no plain kind, only the type."""
    kind = type(value)
    if _is_plain(value):
        return value
    if kind is Thing:
        return {"object": value.token}
    if issubclass(kind, BaseException):
        return _encode_error(value, depth)
    if kind in (list, tuple, dict) and len(value) <= _MAX_ITEMS and depth < _MAX_DEPTH:
        pairs = [list(pair) for pair in value.items()] if kind is dict else value
        items = [_encode(item, depth + 1) for item in pairs]
        return items if kind is list else {kind.__name__: items}
    return {"other": _name(kind)}


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind in (int, float):
        return bool(abs(value) < _MAX_WHOLE)
    return value is None or kind is bool or (kind is str and len(value) <= _MAX_TEXT)


def _encode_error(error: BaseException, depth: int) -> Any:
    kind = type(error)
    if isinstance(error, BaseExceptionGroup) and depth < _MAX_DEPTH:
        members = [_encode(member, depth + 1) for member in error.exceptions[:_MAX_ITEMS]]
        return {"group": [_name(kind), members, error.message[:_MAX_TEXT]]}
    text = error.args[0] if error.args else ""
    # What a cancellation says is nobody's business.
    told = type(text) is str and kind is not asyncio.CancelledError
    return {"error": [_name(kind), text[:_MAX_TEXT] if told else ""]}


def _name(kind: type) -> str:
    known = kind is getattr(builtins, kind.__name__, None) or kind in (asyncio.CancelledError, Stop)
    return kind.__name__ if known else f"{kind.__module__}.{kind.__qualname__}"


def _load(path: str) -> Any:
    name = Path(path).stem
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _confine(root: Path, level: Level, pipes: set[int], *, portable: bool) -> list[str]:
    """Leave this process its pipes, the folders it needs and nothing else; return which layers are in force now."""
    if level is Level.LEARNER:
        return []
    scratch = settle(str(root), pipes, portable=portable)
    layers = ["process", *process.limit()]
    if level.includes(Level.FILES):
        layers += landlock.restrict([*landlock.interpreter(), root], [], [scratch, *landlock.DEVICES])
    return layers


def main() -> None:
    """Serve the judge behind standard input and output until it goes away."""
    pipes = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    layers = _confine(Path(sys.argv[1]), Level(sys.argv[2]), set(pipes), portable=sys.argv[3:] == ["portable"])
    link = Link(*pipes)
    (order,) = link.next_orders()
    link.say("layers", layers=layers)
    try:
        module = _load(order["file"])
    except BaseException as error:  # noqa: BLE001 - whatever it is, the judge is told
        link.say("broken", error=_told(error, {"error": [_name(type(error)), ""]}))
        return
    link.rest(None)
    while True:
        Stage(module, link).perform()


if __name__ == "__main__":
    main()
