"""Grading submissions through an executor: workers share nothing, and a task carries all that it needs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from asyncio_katas import staging, submission
from asyncio_katas.examine import examination
from asyncio_katas.isolation.levels import Level
from asyncio_katas.marking.held_back import HeldBack
from asyncio_katas.marks import Submission
from asyncio_katas.records import GraderFault, Kata, Report

T = TypeVar("T")

# Of each worker so many submissions are read ahead, so that none waits and memory does not grow with the class.
_AHEAD = 2


@dataclass(frozen=True)
class Task:
    """One submission, ready to be graded anywhere: checks as text, answers as bytes, no path of this machine."""

    katas: tuple[tuple[Kata, bytes], ...]
    held_back: tuple[HeldBack, ...]
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
    graded = [kata for kata in katas if kata.slug in answers]
    labels = {kata.label for kata in graded}
    return Task(
        tuple((kata, kata.check_file.read_bytes()) for kata in graded),
        tuple(held for held in held_back if held.kata.label in labels),
        answers,
    )


def run(work: Task, level: Level = Level.FULL) -> str:
    """Grade one submission, in processes of its own behind the layers of `level`; return JSON."""
    with tempfile.TemporaryDirectory(prefix="katas-grade-") as folder:
        answers = Path(folder, "answers")
        answers.mkdir()
        for slug, content in work.answers.items():
            (answers / f"{slug}.py").write_bytes(content)
        report = _grade(_laid_out(work.katas, Path(folder, "katas")), answers, level)
        held = []
        for number, one in enumerate(work.held_back):
            place = Path(folder, f"held_back_{number}")
            if one.seed:
                held += _held_back(_examine(one, place, answers, level))
            else:
                held += _held_back(_grade(_laid_out([(one.kata, one.source)], place), answers, level))
    return json.dumps({"katas": _katas(report), "held_back": held})


def _grade(katas: Sequence[Kata], answers: Path, level: Level) -> Report:
    return _once_more(lambda: submission.grade(katas, answers, isolate=True, level=level))


def _examine(exam: HeldBack, course: Path, answers: Path, level: Level) -> Report:
    file = examination.exam_file(exam.kata, course)
    file.parent.mkdir(parents=True)
    file.write_bytes(exam.source)
    answer, seed = staging.answer_path(exam.kata, answers), bytes.fromhex(exam.seed)
    return Report((_once_more(lambda: examination.examine(exam.kata, answer, seed, course, level=level)),))


def _once_more(grade: Callable[[], T]) -> T:
    """Grade; where an overloaded machine lost the process, once more."""
    try:
        return grade()
    except GraderFault:
        return grade()


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
