"""Grades one text at a time in a child that was waiting for it, while another one gets ready for the next."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from asyncio_katas import children, running, scoring, staging
from asyncio_katas.localisation import localise
from asyncio_katas.records import Kata, KataResult, Observation
from asyncio_katas.watch.watching import Run


@dataclass(frozen=True)
class Progressed:
    """Some checks of a run are decided; `pending` are the others."""

    run: Run
    result: KataResult
    pending: frozenset[str]


@dataclass(frozen=True)
class Ended:
    """A run is over: with a result, with nothing because it was stopped, or with what the grader itself met."""

    run: Run
    result: KataResult | None
    error: BaseException | None = None


@dataclass(frozen=True)
class _Order:
    run: Run
    kata: Kata
    answer: Path
    stop: running.Stop


class Grader:
    """A thread that grades what it is given, and posts what comes of it."""

    def __init__(self, post: Callable[[Progressed | Ended], None]) -> None:
        self._post = post
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._stop = running.Stop()
        self._thread = threading.Thread(target=self._work, name="grader", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._orders.put(None)
        self.stop()
        self._thread.join()

    def start(self, run: Run, kata: Kata, answer: Path) -> None:
        """Grade this next; one run at a time."""
        self._stop = running.Stop()
        self._orders.put(_Order(run, kata, answer, self._stop))

    def stop(self) -> None:
        """End the run that was started last, if it has not ended."""
        self._stop.ask()

    def _work(self) -> None:
        while self._prepare_and_grade():
            pass

    def _prepare_and_grade(self) -> bool:
        """Get a child ready, then wait for a run and grade it; tell whether there may be more."""
        with staging.stage() as root:
            waiting: list[children.Child] = []
            # What cannot be started now is reported to whoever asks for a verdict.
            with contextlib.suppress(OSError):
                waiting.append(children.start(str(root), warm=True))
            order = self._orders.get()
            if waiting and (order is None or not waiting[0].alive()):
                children.discard(waiting.pop())
            if order is not None:
                self._grade(order, root, waiting)
            return order is not None

    def _grade(self, order: _Order, root: Path, waiting: list[children.Child]) -> None:
        run, kata = order.run, order.kata

        def told(seen: dict[str, Observation]) -> None:
            findings = seen[kata.slug].findings
            pending = frozenset(check.id for check in kata.checks if check.id not in findings)
            if pending:
                self._post(Progressed(run, localise(scoring.score([assembly], seen)).katas[0], pending))

        try:
            assembly = staging.assemble(kata, order.answer, root, run.text)
            seen = running.grade([assembly], str(root), isolate=True, waiting=waiting, stop=order.stop, told=told)
        except running.Obsolete:
            self._post(Ended(run, None))
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for a verdict
            self._post(Ended(run, None, error))
        else:
            self._post(Ended(run, localise(scoring.score([assembly], seen)).katas[0]))
