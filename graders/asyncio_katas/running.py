"""Running checks in children: listen, end; and again, for whatever a child that died left undecided."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO

from asyncio_katas import sealing
from asyncio_katas.children import Child, discard, start
from asyncio_katas.isolation.levels import Level
from asyncio_katas.lab.messages import Message
from asyncio_katas.protocol import MAX_BYTES, MAX_LINE, Job, Journal
from asyncio_katas.records import Finding, GraderFault, Observation, Outcome, Spot
from asyncio_katas.staging import Assembly

# Real seconds. The limits inside the child come first; these only catch one that is beyond their reach.
_START_S = 60.0
_GRACE_S = 10.0
_GLANCE_S = 0.25
_LAST_WORDS_S = 5.0
_UNHEARD = Finding(Outcome.NOT_RUN, Message("No verdict arrived for this check."))
# A learner's whole check goes to so many children: more would only wait for each other's start.
_MOST_CHILDREN = 4
# No check on the virtual clock alone asks for more.
_ORDINARY_LIMIT_S = 30.0


class Obsolete(Exception):  # noqa: N818 - nothing went wrong
    """The grading was ended from outside: nobody wants to know any more."""


class Stop:
    """Ends a grading from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: list[Child] = []
        self.asked = False

    def ask(self) -> None:
        """End the grading at once."""
        with self._lock:
            self.asked = True
            for child in self._children:
                child.kill()

    @contextlib.contextmanager
    def reaches(self, child: Child) -> Iterator[None]:
        """Let whoever asks end this child, for as long as the block lasts."""
        with self._lock:
            self._children.append(child)
            if self.asked:
                child.kill()
        try:
            yield
        finally:
            # From here on its process is somebody else's to end.
            with self._lock:
                self._children.remove(child)


def grade(
    assemblies: Sequence[Assembly],
    root: str,
    *,
    isolate: bool = False,
    level: Level = Level.LEARNER,
    until_failure: bool = False,
    waiting: Sequence[Child] = (),
    stop: Stop | None = None,
    told: Callable[[dict[str, Observation]], None] = lambda _: None,
) -> dict[str, Observation]:
    """Run the checks of all assemblies and return what was seen of each, by slug.

    Together they take a few children side by side; a kata that those leave unfinished gets children of its own, and
    with `isolate`, or a `level` above a learner's, every kata does from the start. With `until_failure` no check is run
    after the first of its child that does not pass. Children may have been `waiting` below this `root`, and are ended
    in any case. `told` hears what is known so far whenever a check is decided. Raises Obsolete after a `stop`.
    """
    stop = stop or Stop()
    isolate = isolate or level is not Level.LEARNER
    children = list(waiting)
    gradable = [assembly for assembly in assemblies if not assembly.problem]
    seen = {assembly.kata.slug: Observation() for assembly in gradable}

    def run(together: Sequence[Assembly], *, warm: bool) -> None:
        child = children.pop() if children else start(root, warm=warm, level=level)
        _run(child, together, root, seen, level=level, until_failure=until_failure, stop=stop, told=told)

    def is_open(assembly: Assembly) -> bool:
        observation = seen[assembly.kata.slug]
        return undecided(assembly, observation) and not (until_failure and _has_failed(observation))

    try:
        if len(gradable) > 1 and not isolate:
            _side_by_side(partial(run, warm=False), gradable, stop)
        for assembly in gradable:
            while is_open(assembly):
                run([assembly], warm=isolate)
    finally:
        for child in children:
            discard(child)
    return seen


def most_children(katas: int) -> int:
    """Return how many children a learner's check of so many katas takes side by side."""
    return max(1, min(_MOST_CHILDREN, os.cpu_count() or 1, katas // 2))


def _side_by_side(run: Callable[[Sequence[Assembly]], None], assemblies: Sequence[Assembly], stop: Stop) -> None:
    """Run assemblies in groups, each in a child, all at once."""
    groups = _shared_out(assemblies, most_children(len(assemblies)))
    with ThreadPoolExecutor(len(groups)) as pool:
        futures = [pool.submit(run, group) for group in groups]
        try:
            for future in futures:
                future.result()
        except BaseException:
            # Nobody waits for the others any more.
            stop.ask()
            raise


def _shared_out(assemblies: Sequence[Assembly], count: int) -> list[list[Assembly]]:
    """Share assemblies out so that all groups take about as long: each in turn to the one with the least to do."""
    groups: list[list[Assembly]] = [[] for _ in range(count)]
    for assembly in sorted(assemblies, key=_effort, reverse=True):
        min(groups, key=lambda group: sum(map(_effort, group))).append(assembly)
    return groups


def _effort(assembly: Assembly) -> int:
    """Return about how long a kata takes: twice as long where it starts threads or processes, which asks for time."""
    checks = assembly.kata.checks
    return len(checks) * (2 if max(check.limit_s for check in checks) > _ORDINARY_LIMIT_S else 1)


def _has_failed(observation: Observation) -> bool:
    return any(finding.outcome is not Outcome.PASSED for finding in observation.findings.values())


def undecided(assembly: Assembly, observation: Observation) -> bool:
    """Tell whether a check of this kata has no verdict yet."""
    return any(check.id not in observation.findings for check in assembly.kata.checks)


def _run(
    child: Child,
    assemblies: Sequence[Assembly],
    root: str,
    seen: dict[str, Observation],
    *,
    level: Level,
    until_failure: bool,
    stop: Stop,
    told: Callable[[dict[str, Observation]], None],
) -> None:
    """Let one child run whatever is undecided in these assemblies, and add what it saw."""
    names = [assembly.kata.name for assembly in assemblies]
    slugs = [assembly.kata.slug for assembly in assemblies]
    decided = [f"{slug}::{check}" for slug in slugs for check in seen[slug].findings]
    began = time.monotonic()
    key = sealing.new_key() if level is not Level.LEARNER else ""
    journal = Journal(key)

    def heard() -> None:
        told({assembly.kata.slug: _so_far(assembly, seen[assembly.kata.slug], journal) for assembly in assemblies})

    try:
        with stop.reaches(child):
            child.begin(Job(names, decided, until_failure, key))
            in_time = _listen(child, journal, _limit_s(assemblies), heard)
    finally:
        code = child.end()
    if stop.asked:
        raise Obsolete
    took = time.monotonic() - began
    for assembly in assemblies:
        observation = _so_far(assembly, seen[assembly.kata.slug], journal)
        observation.duration_s += took / len(assemblies)
        seen[assembly.kata.slug] = observation
    if not journal.ended:
        _blame(assemblies, seen, journal, _death(journal, code, root, in_time=in_time))
    if len(assemblies) == 1 and len(seen[slugs[0]].findings) == len(decided):
        if not journal.heard:
            raise GraderFault(f"The checks of {names[0]} could not be run.\n{child.complaint().strip()}")
        # The child ran, and yet nothing can be said of these; another child would do no better.
        for check in assemblies[0].kata.checks:
            seen[slugs[0]].findings.setdefault(check.id, _UNHEARD)


def _limit_s(assemblies: Sequence[Assembly]) -> float:
    """Return the longest a child may take in all: two endless checks in every kata."""
    longest = [max(check.limit_s for check in assembly.kata.checks) for assembly in assemblies]
    return _START_S + sum(2 * (limit + _GRACE_S) for limit in longest)


def _so_far(assembly: Assembly, before: Observation, journal: Journal) -> Observation:
    """Return what was seen of a kata, with what its journal adds."""
    slug = assembly.kata.slug
    findings = dict(before.findings)
    for check in assembly.kata.checks:
        finding = journal.findings.get(f"{slug}::{check.id}") or journal.broken.get(slug)
        if finding is not None:
            findings.setdefault(check.id, finding)
        if journal.tampered:
            # Whatever was seen before, or will be, rests on a grading that was interfered with.
            findings[check.id] = journal.tampered
    return Observation(findings, journal.isolation or before.isolation, before.duration_s)


def _blame(assemblies: Sequence[Assembly], seen: dict[str, Observation], journal: Journal, finding: Finding) -> None:
    """Give the check (or the import) during which a child died its verdict; what never began stays undecided."""
    for assembly in assemblies:
        slug = assembly.kata.slug
        for check in assembly.kata.checks:
            if slug == journal.importing or f"{slug}::{check.id}" == journal.current:
                seen[slug].findings.setdefault(check.id, finding)


def _death(journal: Journal, code: int, root: str, *, in_time: bool) -> Finding:
    spot = journal.stopped_at(root)
    if journal.hard_limit or not in_time:
        return Finding(
            Outcome.TIMEOUT,
            Message("It never ended, and could not be interrupted either."),
            Message(
                "Look for a call that blocks the whole thread, or for an `except` that also catches the cancellation."
            ),
            _with_source(spot),
        )
    values = {"number": abs(code)}
    how = Message.of("signal {number}", values) if code < 0 else Message.of("exit code {number}", values)
    return Finding(
        Outcome.ERROR,
        Message.of("The code ended the whole Python process ({how}).", {"how": how}),
        Message("A function that is called by others must not end the program."),
        _with_source(spot),
    )


def _with_source(spot: Spot | None) -> Spot | None:
    if spot is None:
        return None
    with contextlib.suppress(OSError, IndexError):
        text = Path(spot.path).read_text(encoding="utf-8", errors="replace")
        return Spot(spot.path, spot.line, text.splitlines()[spot.line - 1].strip())
    return spot


def _listen(child: Child, journal: Journal, limit_s: float, heard: Callable[[], None]) -> bool:
    """Read the journal up to its end record, not to the end of the stream, which others may hold open.

    `heard` is called after each new verdict.
    Tell whether that came, or the child was gone, within `limit_s` real seconds.
    """
    lines: queue.Queue[bytes | None] = queue.Queue()
    threading.Thread(target=_read, args=(child.journal, lines), daemon=True).start()
    deadline = time.monotonic() + limit_s
    while not journal.ended and time.monotonic() < deadline:
        try:
            line = lines.get(timeout=_GLANCE_S)
        except queue.Empty:
            if not child.alive():
                # Its last words may still be on their way; only where somebody else holds the stream open is
                # there no end of it to wait for.
                deadline = min(deadline, time.monotonic() + _LAST_WORDS_S)
            continue
        if line is None:
            return True
        decided = len(journal.findings), len(journal.broken)
        journal.feed(line)
        if (len(journal.findings), len(journal.broken)) != decided:
            heard()
    return journal.ended or not child.alive()


def _read(stream: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    with stream, contextlib.suppress(OSError, ValueError):
        for line in _lines(stream):
            lines.put(line)
    lines.put(None)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    total = 0
    buffer = b""
    while total < MAX_BYTES and (piece := os.read(stream.fileno(), 65536)):
        total += len(piece)
        *whole, buffer = (buffer + piece).split(b"\n")
        yield from (line[:MAX_LINE] for line in whole)
        buffer = buffer[:MAX_LINE]
    if buffer:
        yield buffer
