"""What a learner asks for besides a verdict: a hint, a fresh start, the answers of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asyncio_katas import keeping
from asyncio_katas.invocation import restoring
from asyncio_katas.progress import Progress
from asyncio_katas.records import Kata, KataResult, KatasError, Report


@dataclass(frozen=True)
class Hint:
    """One rung of a task's ladder: its number, of how many, and the rungs below it, which were taken before."""

    task: int
    number: int
    of: int
    text: str
    earlier: tuple[str, ...] = ()


def hint(kata: Kata, result: KataResult, progress: Progress) -> Hint | None:
    """Take the next hint for the first task with a check that did not pass, and note it in `progress`, unsaved.

    The last rung is given again. None if everything passes, or if the task has no hints.
    """
    failing = result.failing_task
    if failing is None:
        return None
    ladder = kata.tasks[failing - 1].hints
    if not ladder:
        return None
    rungs = progress.hints.setdefault(kata.slug, {})
    number = min(rungs.get(str(failing), 0) + 1, len(ladder))
    rungs[str(failing)] = number
    return Hint(failing, number, len(ladder), ladder[number - 1], ladder[: number - 1])


def reset(kata: Kata, course: Path) -> Path | None:
    """Put the stub back and return the dated backup of what stood there before; None if nothing did.

    The stub comes from the course's `.stubs/`, not from git: an answer may have been committed long ago, and a course
    that came as an archive has no history.
    """
    answer, pristine = kata.folder / f"{kata.slug}.py", _pristine(stub_path(kata, course))
    try:
        if answer.exists() and answer.read_bytes() == pristine:
            raise KatasError(
                "{path} is the stub already; nothing was changed.", "Next: open it and begin.", path=answer
            )
        backup = keeping.back_up(answer, course) if answer.exists() else None
        keeping.write(answer, pristine)
    except OSError as error:
        raise KatasError(
            "{path} could not be reset: {why}.",
            "Next: see that it is a file you may write, and try again; nothing was lost.",
            path=answer,
            why=error.strerror,
        ) from None
    return backup


def stub_path(kata: Kata, course: Path) -> Path:
    """Return where the course keeps the pristine stub of a kata."""
    return course / ".stubs" / f"{kata.slug}.py"


def handed_out(kata: Kata, course: Path) -> dict[str, bytes]:
    """Return all that a learner gets of a kata, by its path in the course, which may hold somebody's answer by now."""
    place, stub = f"katas/{kata.name}", stub_path(kata, course)
    pristine = _pristine(stub)
    sources = [kata.folder / "kata.toml", kata.check_file, *sorted(kata.folder.glob("README*.md"))]
    found = {f"{place}/{source.name}": source.read_bytes() for source in sources}
    return found | {f"{place}/{stub.name}": pristine, f".stubs/{stub.name}": pristine}


def _pristine(stub: Path) -> bytes:
    try:
        return stub.read_bytes()
    except OSError:
        raise KatasError("The stub {path} is missing.", "Next: {command}", path=stub, command=restoring(stub)) from None


def keep_stub(kata: Kata, course: Path) -> bool:
    """Keep the answer file as it is now as the kata's stub; tell whether that was another one before."""
    if stub_kept(kata, course):
        return False
    stub = stub_path(kata, course)
    stub.parent.mkdir(exist_ok=True)
    keeping.write(stub, (kata.folder / f"{kata.slug}.py").read_bytes())
    return True


def stub_kept(kata: Kata, course: Path) -> bool:
    """Tell whether the answer file, which in a course as published is the stub, is the one that `reset` brings."""
    stub = stub_path(kata, course)
    return stub.exists() and stub.read_bytes() == (kata.folder / f"{kata.slug}.py").read_bytes()


def answers(kata: Kata, course: Path) -> list[Path]:
    """Return the right answers that came with the course: the reference first, then the others; none if it has none."""
    return answers_in(course / "solutions" / kata.name, kata)


def answers_in(folder: Path, kata: Kata) -> list[Path]:
    """Return the right answers in a folder: the reference first, then the others; none where there is no reference."""
    reference = folder / f"{kata.slug}.py"
    return [reference, *sorted((folder / "right").glob("*.py"))] if reference.exists() else []


def next_kata(report: Report, current: str | None) -> Kata | None:
    """Return the next unsolved kata after the current one, beginning again after the last; None if all are solved."""
    places = [place for place, result in enumerate(report.katas) if result.kata.slug == current]
    start = places[0] + 1 if places else 0
    ahead = report.katas[start:] + report.katas[:start]
    return next((result.kata for result in ahead if not result.solved), None)


def summary_path(course: Path) -> Path:
    """Return where the closing summary is kept: a folder that is shown as a page where the clone is pushed."""
    return course / "summary" / "README.md"


def finished(course: Path, katas: Sequence[Kata], report: Report, known: Progress, new: Sequence[str] = ()) -> bool:
    """Tell whether the closing summary is due: the last kata was solved now, or all are and there is no summary yet.

    `new` are the katas that this report shows solved for the first time.
    """
    if any(kata.slug not in known.solved for kata in katas):
        return False
    return bool(new) or (report.solved == len(katas) and not summary_path(course).exists())
