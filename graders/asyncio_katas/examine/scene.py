"""A scene: what the judge knows of one act. Its clock, the calls it serves, and what it has seen, in its own order.

An examination writes down what it will serve, lets time pass, and judges afterwards. Every fact here was observed
in the judge's own process: when a call came in and when the judge let it end, how many were in flight between, when
a cancellation arrived, when a run ended and with which value.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NoReturn, TypeVar

from asyncio_katas.examine.channel import Channel
from asyncio_katas.examine.wire import Breach, same
from asyncio_katas.lab.messages import Message, moment
from asyncio_katas.records import Outcome

# Far above what an answer needs; whoever sets timers without end arrives here.
_MAX_TURNS = 3_000
_MAX_CALLS = 1_000
_MAX_SHOWN = 300
_Known = TypeVar("_Known")


class Judged(Exception):  # noqa: N818 - a verdict, not an error of the program
    """A check's judgement."""

    def __init__(self, message: Message, outcome: Outcome = Outcome.FAILED) -> None:
        super().__init__(str(message))
        self.message, self.outcome = message, outcome


@dataclass
class Call:
    """One call that the judge serves; times are the judge's.

    `how` is open, returned, raised, cancelled (its cleanup was let end) or cut (cancelled again during its cleanup).
    """

    service: Service
    args: list[Any]
    start: float
    cancels: int = 0
    cancelled_at: float | None = None
    end: float | None = None
    how: str = "open"

    @property
    def is_open(self) -> bool:
        """Whether the judge has not let it end."""
        return self.end is None


@dataclass(frozen=True)
class Plan:
    """What becomes of a call: after `seconds` it ends with the value or the error; without `seconds` it stays open.

    Once cancelled it ends after `cleanup` seconds, with `cleanup_error` if there is one.
    """

    seconds: float | None = None
    value: Any = None
    error: Any = None
    cleanup: float = 0.0
    cleanup_error: Any = None


@dataclass
class Service:
    """A collaborator of the answer's. `plan` is asked what is to become of each call when it comes in.

    `wire` is what stands for it in arguments.
    """

    token: str
    plan: Callable[[Call], Plan]
    wire: Any
    calls: list[Call] = field(default_factory=list)
    peak: int = 0

    @property
    def in_flight(self) -> list[Call]:
        """The calls that the judge has not let end."""
        return [call for call in self.calls if call.is_open]

    @property
    def starts(self) -> list[float]:
        """When each call came in."""
        return [call.start for call in self.calls]


@dataclass
class Notices:
    """A callback without a result: when it was called, and with what."""

    token: str
    heard: list[tuple[float, list[Any]]] = field(default_factory=list)

    @property
    def wire(self) -> Any:
        """What stands for it in arguments."""
        return {"callback": self.token}


@dataclass
class Run:
    """Something of the answer's that runs at the judge's order. `how` is open, returned or raised."""

    token: str
    name: str
    start: float
    end: float | None = None
    how: str = "open"
    value: Any = None


class Scene:
    """One act of one worker, on an event loop of its own."""

    def __init__(self, channel: Channel, draw: random.Random, mint: Callable[[], str]) -> None:
        self.draw, self.mint = draw, mint
        self.now = 0.0
        self.wake: float | None = None
        self.calls: list[Call] = []
        self.after_turn: Callable[[], None] = lambda: None
        self._channel = channel
        self._agenda: list[tuple[float, int, Callable[[], dict[str, Any] | None]]] = []
        self._order = count()
        self._orders: list[dict[str, Any]] = []
        self._plans: list[Plan] = []
        self._services: dict[str, Service] = {}
        self._notices: dict[str, Notices] = {}
        self._questions: dict[str, Callable[[list[Any]], Any]] = {}
        self._runs: dict[str, Run] = {}
        self._wake_at_end: dict[str, float | None] = {}
        self._turns = 0

    # What the answer is given.

    def service(self, plan: Callable[[Call], Plan], form: str = "coroutine") -> Service:
        """Return a new collaborator; what it gives is a coroutine, or an object that is awaitable (`custom`)."""
        token = self.mint()
        self._services[token] = Service(token, plan, {"service": [token, form]})
        return self._services[token]

    def awaitable(self, plan: Plan, form: str, name: str = "") -> Service:
        """Return something to await: a coroutine, a task (which has a name), or an object of its own (`custom`)."""
        token = self.mint()
        self._services[token] = Service(token, lambda _: plan, {"awaitable": [token, form, name]})
        return self._services[token]

    def notices(self) -> Notices:
        """Return a new callback that notes down what it hears."""
        notices = Notices(self.mint())
        self._notices[notices.token] = notices
        return notices

    def question(self, answer: Callable[[list[Any]], Any]) -> Any:
        """Return a new synchronous function, as an argument, whose result comes from the judge."""
        token = self.mint()
        self._questions[token] = answer
        return {"question": token}

    def thing(self, **methods: tuple[Service, list[str]]) -> Any:
        """Return a new object with asynchronous methods, each with the names of its parameters."""
        wired = {name: [service.token, parameters] for name, (service, parameters) in methods.items()}
        return {"object": [self.mint(), wired]}

    # What is to happen.

    def run(self, name: str, *args: Any, keep: bool = False, sync: bool = False, **named: Any) -> Run:
        """Call a function of the answer's, and await what it returns, unless it is to be `sync`.

        With `keep` later orders can refer to the result.
        """
        return self._begin(name, "run", name=name, args=list(args), kwargs=named, keep=keep, sync=sync)

    def block(self, name: str, *args: Any, body: Service, of: Run | None = None) -> Run:
        """Enter an asynchronous context manager, call the body with what entering gave, and leave after it."""
        return self._begin(name, "block", of=of.token if of else "", name=name, args=list(args), body=body.token)

    def loop(self, name: str, *args: Any, body: Service, of: Run | None = None) -> Run:
        """Iterate and call the body for each item; where that gives true, stop and close the iterator."""
        return self._begin(
            name or "the loop", "loop", of=of.token if of else "", name=name, args=list(args), body=body.token
        )

    def cancel(self, what: Run | Service, turns: int = 0) -> None:
        """Cancel a run, or a task that was given to one, after so many turns of the worker's loop."""
        self._orders.append({"do": "cancel", "token": what.token, "turns": turns})

    def settle(self, call: Call, value: Any = None, error: Any = None) -> None:
        """Let a call end."""
        order = self._settle(call, value, error)
        if order:
            self._orders.append(order)

    def play(self, until: float | None = None) -> None:
        """Let time pass: up to `until`, or as long as anything is going to happen."""
        if self._orders:
            self._turn()
        while (moment := self._next_moment()) is not None and (until is None or moment <= until):
            self.now = moment
            while self._agenda and self._agenda[0][0] <= self.now:
                order = heapq.heappop(self._agenda)[2]()
                if order is not None:
                    self._orders.append(order)
            self._turn()
        if until is not None:
            self.now = max(self.now, until)

    def close(self) -> None:
        """End the act."""
        self._orders.append({"do": "close"})
        self._turn()

    # What is judged.

    def expect(self, condition: bool, template: str, /, **values: object) -> None:
        """Fail the check with one fact, filled from `values`, unless the condition holds."""
        if not condition:
            fail(template, **values)

    def expect_returned(self, run: Run, expected: Any, why: str = "") -> None:
        """Expect a run to have ended with exactly this value."""
        self.expect_over(run)
        if run.how == "raised":
            fail("{name} raised {error}, expected it to return.{why}", name=run.name, error=run.value, why=_also(why))
        self.expect(
            same(run.value, expected),
            "{name} returned {value}, expected {expected}.{why}",
            name=run.name,
            value=run.value,
            expected=expected,
            why=_also(why),
        )

    def expect_raised(self, run: Run, error: Any, why: str = "") -> None:
        """Expect a run to have ended by exactly this error; by one of this type, if it is only a type's name."""
        self.expect_over(run)
        fits = run.how == "raised" and (_is(run.value, error))
        self.expect(
            fits,
            "{name} {how} {value}, expected it to raise {expected}.{why}",
            name=run.name,
            how=run.how,
            value=run.value,
            expected=error,
            why=_also(why),
        )

    def expect_group(self, run: Run, kind: str, members: list[Any], why: str = "") -> None:
        """Expect a run to have ended by a group of this type, with exactly these members in this order.

        Of a member given as a type's name only that is compared.
        """
        self.expect_over(run)
        seen = run.value.get("group", ["", [], ""]) if run.how == "raised" else ["", [], ""]
        self.expect(
            seen[0] == kind and len(seen[1]) == len(members) and all(map(_is, seen[1], members)),
            "{name} {how} {value}, expected {kind} of {members}.{why}",
            name=run.name,
            how=run.how,
            value=run.value,
            kind=kind,
            members=members,
            why=_also(why),
        )

    def expect_over(self, run: Run, at: float | None = None, why: str = "") -> None:
        """Expect a run to have ended, at this moment if one is given."""
        if run.how == "raised" and same(run.value.get("error", [""])[0], "NotImplementedError"):
            raise Judged(Message("Not started yet: the function raises NotImplementedError."), Outcome.NOT_STARTED)
        self.expect(
            run.end is not None,
            "{name} had not ended at t={t}, and nothing was left that could have woken it.",
            name=run.name,
            t=self.now,
        )
        self.expect(
            at is None or run.end == at,
            "{name} ended at t={end}, expected t={due}.{why}",
            name=run.name,
            end=run.end,
            due=at,
            why=_also(why),
        )

    def expect_quiet(self) -> None:
        """Expect nothing to be left behind: no call in flight, and no timer that the worker itself speaks of."""
        left = [call for call in self.calls if call.is_open]
        self.expect(not left, "{count} calls were still in flight after all had ended.", count=len(left))
        late = [call for call in self.calls if all((call.end or 0.0) > (run.end or 0.0) for run in self._runs.values())]
        self.expect(not late, "{count} calls ended only after whoever had made them.", count=len(late))

    def expect_cancelled(self, calls: list[Call], at: float) -> None:
        """Expect each of these to have been cancelled once, at this moment, and its cleanup to have been awaited."""
        for call in calls:
            self.expect(
                call.cancelled_at == at,
                "A call that was in flight at t={at} was cancelled at t={when}, expected t={at}.",
                at=at,
                when="never" if call.cancelled_at is None else call.cancelled_at,
            )
            self.expect(
                call.cancels == 1, "A call was cancelled {count} times, which cut its cleanup.", count=call.cancels
            )

    def expect_no_timer(self, run: Run) -> None:
        """Expect the worker to have no timer set at the end of a run; whoever hides one gains nothing by it."""
        self.expect(
            self._wake_at_end.get(run.token) is None, "{name} ended, and a timer of its was left behind.", name=run.name
        )

    # What the worker says.

    def _begin(self, name: str, do: str, /, **order: Any) -> Run:
        run = Run(self.mint(), name, self.now)
        self._runs[run.token] = run
        self._orders.append({"do": do, "run": run.token, **_wired(order)})
        return run

    def _next_moment(self) -> float | None:
        moments = [entry[0] for entry in self._agenda[:1]] + ([self.wake] if self.wake is not None else [])
        return min(moments, default=None)

    def _turn(self) -> None:
        self._turns += 1
        if self._turns > _MAX_TURNS:
            fail("After {turns} turns there was still no end at t={t}.", turns=self._turns, t=self.now)
        orders, self._orders = self._orders, []
        self.wake = self._channel.exchange(self.now, orders, self._take)
        for token, run in self._runs.items():
            if run.end is not None:
                self._wake_at_end.setdefault(token, self.wake)
        self.after_turn()

    def _take(self, said: dict[str, Any]) -> Any:
        taker: Callable[[dict[str, Any]], Any] = getattr(self, f"_hear_{said['say']}")
        return taker(said)

    def _hear_broken(self, _: dict[str, Any]) -> NoReturn:
        raise Breach("an import where there is none")

    def _hear_spins(self, _: dict[str, Any]) -> NoReturn:
        fail("The loop kept turning while the clock stood at t={t}: something waits by asking again.", t=self.now)

    def _hear_call(self, said: dict[str, Any]) -> None:
        service = _known(self._services, said["of"])
        if len(self.calls) >= _MAX_CALLS:
            fail("{count} calls were made, and still no end.", count=len(self.calls))
        call = Call(service, said["args"], self.now)
        number = len(self.calls)
        self.calls.append(call)
        service.calls.append(call)
        service.peak = max(service.peak, len(service.in_flight))
        try:
            plan = service.plan(call)
        except (LookupError, TypeError, ValueError):
            fail("A collaborator was called with {args}, which it does not take.", args=call.args)
        self._plans.append(plan)
        if plan.seconds is not None:
            self._later(plan.seconds, lambda: self._settle(self.calls[number], plan.value, plan.error))

    def _hear_cancelled(self, said: dict[str, Any]) -> None:
        number = said["call"]
        if not 0 <= number < len(self.calls) or not self.calls[number].is_open:
            raise Breach("a cancellation of a call that is not in flight")
        call = self.calls[number]
        call.cancels += 1
        if call.cancels == 1:
            call.cancelled_at = self.now
            self._later(self._plans[number].cleanup, lambda: self._clean(number))
        else:
            call.end, call.how = self.now, "cut"

    def _hear_notice(self, said: dict[str, Any]) -> None:
        _known(self._notices, said["of"]).heard.append((self.now, said["args"]))

    def _hear_ask(self, said: dict[str, Any]) -> Any:
        answer = _known(self._questions, said["of"])
        try:
            return answer(said["args"])
        except (LookupError, TypeError, ValueError):
            fail("A collaborator was called with {args}, which it does not take.", args=said["args"])

    def _hear_returned(self, said: dict[str, Any]) -> None:
        self._over(said, "returned", said["value"])

    def _hear_raised(self, said: dict[str, Any]) -> None:
        self._over(said, "raised", said["error"])

    def _over(self, said: dict[str, Any], how: str, value: Any) -> None:
        run = _known(self._runs, said["run"])
        if run.end is not None:
            raise Breach("a second end of one run")
        run.end, run.how, run.value = self.now, how, value

    def _later(self, seconds: float, then: Callable[[], dict[str, Any] | None]) -> None:
        heapq.heappush(self._agenda, (self.now + seconds, next(self._order), then))

    def _settle(self, call: Call, value: Any, error: Any) -> dict[str, Any] | None:
        if not call.is_open or call.cancels:
            return None
        call.end, call.how = self.now, "returned" if error is None else "raised"
        number = next(number for number, other in enumerate(self.calls) if other is call)
        how = "return" if error is None else "raise"
        return {"do": "settle", "call": number, "how": how, "value": _wired(value if error is None else error)}

    def _clean(self, number: int) -> dict[str, Any] | None:
        call, plan = self.calls[number], self._plans[number]
        if not call.is_open:
            return None
        call.end, call.how = self.now, "cancelled"
        how = "return" if plan.cleanup_error is None else "raise"
        return {"do": "settle", "call": number, "how": how, "value": plan.cleanup_error}


def fail(template: str, /, **values: object) -> NoReturn:
    """Fail the check with one fact, filled from `values`."""
    raise Judged(Message.of(template, {name: _text(value) for name, value in values.items()}))


def _text(value: object) -> object:
    if type(value) is float:
        return moment(value)
    text = value if type(value) is str else repr(value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."


def _is(seen: Any, error: Any) -> bool:
    """Tell whether a value is this exception, or any of this type if it is only a type's name."""
    return bool(seen.get("error", [""])[0] == error) if type(error) is str else same(seen, error)


def _also(why: str) -> str:
    return f" {why}" if why else ""


def _wired(value: Any) -> Any:
    """Return a value with what stands for collaborators in it."""
    if isinstance(value, Service | Notices):
        return value.wire
    if isinstance(value, list):
        return [_wired(item) for item in value]
    if isinstance(value, dict):
        return {key: _wired(item) for key, item in value.items()}
    return value


def _known(table: dict[str, _Known], token: str) -> _Known:
    if token not in table:
        raise Breach("a name that was never given")
    return table[token]
