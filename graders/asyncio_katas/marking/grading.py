"""Grading submissions through an executor: workers share nothing, and a task carries all that it needs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from asyncio_katas import submission
from asyncio_katas.marking.held_back import HeldBack
from asyncio_katas.marks import Submission
from asyncio_katas.records import Kata, Report
from asyncio_katas.running import GraderFault

# Of each worker so many submissions are read ahead, so that none waits and memory does not grow with the class.
_AHEAD = 2


@dataclass(frozen=True)
class Task:
    """One submission, ready to be graded anywhere: checks as text, answers as bytes, no path of this machine."""

    katas: tuple[tuple[Kata, bytes], ...]
    held_back: tuple[tuple[Kata, bytes], ...]
    answers: dict[str, bytes]


@dataclass(frozen=True)
class Graded:
    """What came back for one submission: by slug how the checks ended, and the held-back ones apart from them.

    Where the grading itself failed there is a `fault` instead.
    """

    submission: Submission
    katas: dict[str, dict[str, Any]]
    held_back: list[dict[str, Any]]
    fault: str = ""


def task(found: Submission, katas: Sequence[Kata], held_back: Sequence[HeldBack]) -> Task:
    """Return the task of grading a submission's answers; katas without one are not run."""
    answers = {answer.slug: answer.content for answer in found.answers}
    return Task(
        tuple((kata, kata.check_file.read_bytes()) for kata in katas if kata.slug in answers),
        tuple((held.kata, held.source) for held in held_back if held.kata.slug in answers),
        answers,
    )


def run(work: Task) -> str:
    """Grade one submission, in processes of its own; return JSON."""
    with tempfile.TemporaryDirectory(prefix="katas-grade-") as folder:
        answers = Path(folder, "answers")
        answers.mkdir()
        for slug, content in work.answers.items():
            (answers / f"{slug}.py").write_bytes(content)
        report = _grade(_laid_out(work.katas, Path(folder, "katas")), answers)
        held = []
        for number, one in enumerate(work.held_back):
            checks = _laid_out([one], Path(folder, f"held_back_{number}"))
            held += _held_back(_grade(checks, answers))
    return json.dumps({"katas": _katas(report), "held_back": held})


def _grade(katas: Sequence[Kata], answers: Path) -> Report:
    """Grade as a learner's answers are, each kata isolated; a child that an overloaded machine lost gets one more."""
    try:
        return submission.grade(katas, answers, isolate=True)
    except GraderFault:
        return submission.grade(katas, answers, isolate=True)


def _laid_out(katas: Iterable[tuple[Kata, bytes]], root: Path) -> list[Kata]:
    placed = []
    for kata, source in katas:
        folder = root / kata.name
        folder.mkdir(parents=True)
        placed.append(replace(kata, folder=folder))
        placed[-1].check_file.write_bytes(source)
    return placed


def _katas(report: Report) -> dict[str, dict[str, Any]]:
    return {
        result.kata.slug: {
            "isolation": result.isolation,
            "duration_s": result.duration_s,
            "findings": {check.check.id: asdict(check.finding) for check in result.checks},
        }
        for result in report.katas
    }


def _held_back(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "slug": result.kata.slug,
            "check": check.check.id,
            "title": check.check.title,
            "task": check.check.task,
            "outcome": check.outcome.value,
        }
        for result in report.katas
        for check in result.checks
    ]


def grade(
    found: Iterable[Submission],
    executor: Executor,
    jobs: int,
    prepare: Callable[[Submission], Task],
    record: Callable[[Graded], None],
) -> None:
    """Grade submissions, `jobs` at a time, and hand each to `record` as soon as it is done.

    Submissions are read only as they are needed. After a KeyboardInterrupt those being graded are still waited for
    and recorded, and then it is raised again. The executor is shut down in the end.
    """
    submissions = iter(found)
    pending: dict[Future[str], Submission] = {}

    def add(count: int) -> None:
        for item in islice(submissions, count):
            pending[executor.submit(run, prepare(item))] = item

    def take(futures: Iterable[Future[str]]) -> None:
        for future in futures:
            record(_graded(pending.pop(future), future))

    def cancel() -> list[Future[str]]:
        """Let nothing more begin; return what has begun."""
        return [future for future in pending if not future.cancel()]

    try:
        add(jobs * _AHEAD)
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            add(len(done))
            take(done)
    except KeyboardInterrupt:
        take(cancel())
        raise
    finally:
        cancel()
        executor.shutdown(wait=True)


def _graded(item: Submission, future: Future[str]) -> Graded:
    try:
        result = json.loads(future.result())
    except (Exception, CancelledError) as error:  # noqa: BLE001 - the grader's fault in one must not lose the others
        return Graded(item, {}, [], fault=f"{type(error).__name__}: {error}")
    return Graded(item, result["katas"], result["held_back"])
