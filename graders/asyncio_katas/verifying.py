"""Proof that a course judges rightly: right answers pass, wrong ones fail where they should, stubs earn nothing."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from asyncio_katas import learning, staging, variants
from asyncio_katas.isolation.levels import Level
from asyncio_katas.lab.messages import Message
from asyncio_katas.marking import grading, held_back
from asyncio_katas.marking.held_back import HeldBack
from asyncio_katas.records import Check, CheckResult, Claim, Kata, KataResult, KatasError, Outcome, Proof
from asyncio_katas.submission import grade_answer

CHECKS, TASKS, HINTS, RIGHT, WRONG, EXAMPLES, HELD_BACK = range(7, 13), 3, 3, 5, 12, 3, 4
PARTS = frozenset({"right", "wrong", "held-back"})
# Of a variant for take-homes there are fewer answers: only one of its tasks is its own.
RIGHT_OF_VARIANT, WRONG_OF_VARIANT, HELD_BACK_OF_VARIANT = 3, 6, 2
_HEADER = re.compile(r"^Fails: (?P<check>\w+)\nSays: (?P<words>.+)$", re.MULTILINE)
_EXAMPLE = re.compile(r"^```python\n(.*?)^```\n\n?```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What must hold: its name, whether it does, and if not, what to say about what was found.
_Rule = tuple[str, bool, str, object]
_LINK = re.compile(r"\]\((http[^)]*)\)")
_DOCUMENTATION, _CHINESE_DOCUMENTATION = "https://docs.python.org/3/", "https://docs.python.org/zh-cn/3/"
# Real seconds for a README's program; none needs more than one.
_EXAMPLE_S = 60


@dataclass(frozen=True)
class Trial:
    """One thing to try: a file to grade in the given round, or a README's program to run."""

    kata: Kata
    about: str
    name: str
    run: Callable[[], list[Claim]]
    digest: str

    @property
    def key(self) -> str:
        """What this trial is called in a log; another one as soon as a file it rests on changes."""
        return f"{self.kata.label}/{self.about}/{self.name}/{self.digest}"


def verify(
    chosen: Sequence[Kata],
    course: Path,
    *,
    jobs: int,
    rounds: int = 1,
    only: str | None = None,
    level: Level = Level.LEARNER,
    log: Path | None = None,
    done: Callable[[int, int], None] | None = None,
) -> Iterator[Proof]:
    """Yield the proof of each kata and each of its variants, as they are completed.

    All answers are graded `rounds` times, `jobs` at a time, on this isolation `level`; or `only` the "right" or the
    "wrong" ones by the course's checks, or the right ones by the "held-back" checks. With a `log`, what it says was
    tried before is not tried again. `done` is told how many trials are over, and how many there are.
    """
    tried = 0
    with variants.others(chosen, course) as others, _log(log) as known, _pool(jobs) as pool:
        forms = [*chosen, *others]
        parts = {only} if only else PARTS
        trials = [trial for kata in forms for trial in _trials(kata, course, rounds, parts, level)]
        if "wrong" in parts:
            trials += [trial for other in others for trial in _crossed(other, chosen, course, level)]
        open_trials = {kata.label: sum(1 for trial in trials if trial.kata is kata) for kata in forms}
        claims = {kata.label: _files(kata, course) for kata in forms}
        futures = {pool.submit(known, trial): trial for trial in trials}
        for future in as_completed(futures):
            kata = futures[future].kata
            claims[kata.label] += future.result()
            open_trials[kata.label] -= 1
            tried += 1
            if done:
                done(tried, len(trials))
            if not open_trials[kata.label]:
                yield Proof(kata, tuple(claims[kata.label]))


@contextmanager
def _pool(jobs: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(jobs)
    try:
        yield pool
    finally:
        # Whoever interrupts waits for the trials that run, not for those to come.
        pool.shutdown(cancel_futures=True)


@contextmanager
def _log(path: Path | None) -> Iterator[Callable[[Trial], list[Claim]]]:
    """Give a function that runs a trial, unless the log says what came of it, and notes it there."""
    if path is None:
        yield lambda trial: trial.run()
        return
    try:
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
        before = {str(entry["trial"]): [_claim(item) for item in entry["claims"]] for entry in entries}
        stream = path.open("a", encoding="utf-8")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KatasError(
            "{path} is no log of an earlier run: {error}", "Next: choose another --log.", path=path, error=error
        ) from None

    def known(trial: Trial) -> list[Claim]:
        found = before.get(trial.key)
        if found is None:
            found = trial.run()
            items = [[claim.about, claim.name, str(claim.problem) if claim.problem else None] for claim in found]
            stream.write(json.dumps({"trial": trial.key, "claims": items}) + "\n")
            stream.flush()
        return found

    with stream:
        yield known


def _claim(item: list[str | None]) -> Claim:
    about, name, problem = item
    return Claim(str(about), str(name), Message.of("{problem}", {"problem": problem}) if problem else None)


def _files(kata: Kata, course: Path) -> list[Claim]:
    """Return what must hold of a kata's files as they lie there."""
    rules = _rules(kata, course) if kata.variant == variants.OWN else _rules_of_variant(kata, course)
    return [
        Claim("course", name, None if holds else Message.of(template, {"found": _text(found)}))
        for name, holds, template, found in rules
    ]


def _rules_of_variant(kata: Kata, course: Path) -> list[_Rule]:
    right, wrong = _answers(kata, course)
    ids = [check.id for check in kata.checks]
    own = _of_its_own(kata.checks)
    held = [check for one in _held_back_checks(kata, course) for check in _of_its_own(one.kata.checks)]
    folder = variants.corpus(kata, course)
    strays = [
        *_strays(course / "takehome" / kata.name, _VARIANT_FILES, kata),
        *_strays(folder, _VARIANT_SOLUTION_FILES, kata),
    ]
    notes = (folder / "NOTES.md").read_text(encoding="utf-8") if (folder / "NOTES.md").exists() else ""
    unnoted = [path.stem for path in wrong if not re.search(rf"\b{path.stem}\b", notes)]
    return [
        ("check names", len(ids) == len(set(ids)), "two checks have the same name: {found}", ids),
        ("number of checks", len(kata.checks) in CHECKS, "there are {found} checks, not 7 to 12", len(kata.checks)),
        ("own checks", bool(own), "the task of its own has {found} checks", len(own)),
        (
            "hints",
            all(len(task.hints) == HINTS for task in kata.tasks),
            "the tasks have {found} hints, not 3 each",
            [len(task.hints) for task in kata.tasks],
        ),
        ("right answers", len(right) >= RIGHT_OF_VARIANT, "there are {found} right answers, fewer than 3", len(right)),
        ("wrong answers", len(wrong) >= WRONG_OF_VARIANT, "there are {found} wrong answers, fewer than 6", len(wrong)),
        ("notes", not unnoted, "NOTES.md names no misconception behind {found}", unnoted),
        (
            "held-back checks",
            len(held) >= HELD_BACK_OF_VARIANT,
            "the task of its own has {found} held-back checks, fewer than 2",
            len(held),
        ),
        ("stray files", not strays, "files that do not belong here: {found}", strays),
    ]


def _of_its_own(checks: Sequence[Check]) -> list[Check]:
    """Return those checks that are about the task which a variant has of its own."""
    return [check for check in checks if check.task == variants.TASK]


def _held_back_checks(kata: Kata, course: Path, seed: bytes = b"") -> list[HeldBack]:
    return held_back.checks([kata], course / "solutions", seed)


def _rules(kata: Kata, course: Path) -> list[_Rule]:
    solutions = course / "solutions" / kata.name
    right, wrong = _answers(kata, course)
    held = sum(len(one.kata.checks) for one in _held_back_checks(kata, course))
    ids = [check.id for check in kata.checks]
    per_task = [sum(1 for check in kata.checks if check.task == task.number) for task in kata.tasks]
    names = [path.name for path in (course / "katas").iterdir()]
    modules = {kata.slug, *(path.stem for path in right + wrong)}
    strays = [*_strays(kata.folder, _KATA_FILES, kata), *_strays(solutions, _SOLUTION_FILES, kata)]
    readme, chinese = kata.folder / "README.md", kata.folder / "README.zh-CN.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    translation = chinese.read_text(encoding="utf-8") if chinese.exists() else ""
    notes = (solutions / "NOTES.md").read_text(encoding="utf-8") if (solutions / "NOTES.md").exists() else ""
    unnoted = [path.stem for path in wrong if not re.search(rf"\b{path.stem}\b", notes)]
    return [
        (
            "slug",
            [name[3:] for name in names].count(kata.slug) == 1,
            "another kata has the slug {found} too",
            kata.slug,
        ),
        (
            "modules",
            not modules & sys.stdlib_module_names,
            "a file is named like a module of Python itself: {found}",
            sorted(modules & sys.stdlib_module_names),
        ),
        ("check names", len(ids) == len(set(ids)), "two checks have the same name: {found}", ids),
        ("number of checks", len(kata.checks) in CHECKS, "there are {found} checks, not 7 to 12", len(kata.checks)),
        ("tasks", len(kata.tasks) == TASKS, "there are {found} tasks, not 3", len(kata.tasks)),
        ("every task is checked", all(per_task), "the tasks have {found} checks", per_task),
        (
            "hints",
            all(len(task.hints) == HINTS for task in kata.tasks),
            "the tasks have {found} hints, not 3 each",
            [len(task.hints) for task in kata.tasks],
        ),
        ("prerequisites", set(kata.prerequisites) <= set(names), "unknown prerequisites: {found}", kata.prerequisites),
        ("stub", learning.stub_kept(kata, course), "`.stubs` holds another one; run: katas seal", ""),
        ("seal", not kata.changed, "the check file differs from its digest; run: katas seal", ""),
        ("right answers", len(right) >= RIGHT, "there are {found} right answers, fewer than 5", len(right)),
        ("wrong answers", len(wrong) >= WRONG, "there are {found} wrong answers, fewer than 12", len(wrong)),
        ("notes", not unnoted, "NOTES.md names no misconception behind {found}", unnoted),
        (
            "held-back checks",
            held >= HELD_BACK,
            "there are {found} held-back checks, fewer than 4",
            held,
        ),
        ("stray files", not strays, "files that do not belong here: {found}", strays),
        ("README title", text.startswith(f"# {kata.number:02} · "), "{found} must start with its number", readme),
        (
            "README examples",
            len(_EXAMPLE.findall(text)) >= EXAMPLES,
            "there are {found} examples with their output, fewer than 3",
            len(_EXAMPLE.findall(text)),
        ),
        ("README command", f"nox -s check -- {kata.number:02}" in text, "{found} does not say how to run it", readme),
        (
            "README links",
            bool(_LINK.findall(text)) and all(link.startswith(_DOCUMENTATION) for link in _LINK.findall(text)),
            "links lead elsewhere than to Python's documentation: {found}",
            [link for link in _LINK.findall(text) if not link.startswith(_DOCUMENTATION)],
        ),
        (
            "Chinese README links",
            all(link.startswith(_CHINESE_DOCUMENTATION) for link in _LINK.findall(translation)),
            "links lead elsewhere than to the Chinese edition of Python's documentation: {found}",
            [link for link in _LINK.findall(translation) if not link.startswith(_CHINESE_DOCUMENTATION)],
        ),
    ]


_KATA_FILES = {"README.md", "README.zh-CN.md", "kata.toml", "{slug}.py", "test_{slug}.py", "__pycache__"}
_SOLUTION_FILES = {"right", "wrong", "NOTES.md", "mutants.toml", "{slug}.py", "test_{slug}_held_back.py",
                   "exam_{slug}.py", variants.CORPUS, "__pycache__"}  # fmt: skip
_VARIANT_FILES = {"{slug}.py", "checks.py", "task.toml", "__pycache__"}
_VARIANT_SOLUTION_FILES = {"{slug}.py", "right", "wrong", "NOTES.md", "test_{slug}_held_back.py", "__pycache__"}


def _strays(folder: Path, known: set[str], kata: Kata) -> list[str]:
    expected = {name.format(slug=kata.slug) for name in known}
    return sorted(path.name for path in folder.iterdir() if path.name not in expected) if folder.is_dir() else []


def _text(found: object) -> str:
    return ", ".join(map(str, found)) if isinstance(found, list | tuple) else str(found)


def _answers(kata: Kata, course: Path) -> tuple[list[Path], list[Path]]:
    """Return the right answers, the reference first, and the wrong ones."""
    if kata.variant != variants.OWN:
        return variants.answers(kata, course), sorted(variants.corpus(kata, course).glob("wrong/*.py"))
    return learning.answers(kata, course), sorted((course / "solutions" / kata.name).glob("wrong/*.py"))


def _trials(kata: Kata, course: Path, rounds: int, parts: Collection[str], level: Level) -> list[Trial]:
    stub = kata.folder / f"{kata.slug}.py"
    right, wrong = _answers(kata, course)
    found = [_grading(kata, "stub", stub, 1, _judge_stub, level=level)]
    readme = kata.folder / "README.md"
    programs = _EXAMPLE.findall(readme.read_text(encoding="utf-8")) if readme.exists() else []
    for number, (program, output) in enumerate(programs, start=1):
        found.append(_example(kata, f"example {number}", program, output))
    for number in range(1, rounds + 1):
        if "right" in parts:
            found += [_grading(kata, "right", path, number, _judge_right, level=level) for path in right]
        if "held-back" in parts:
            found += _held_back(kata, course, right, number, level)
        if "wrong" in parts:
            found += [_grading(kata, "wrong", path, number, _judge_wrong, level=level) for path in wrong]
    return found


def _grading(
    kata: Kata, about: str, answer: Path, number: int, judge: Callable[[Path, KataResult], list[Claim]], *, level: Level
) -> Trial:
    def run() -> list[Claim]:
        # Of a wrong answer only the first failure is judged.
        return judge(answer, grade_answer(kata, answer, level=level, until_failure=about == "wrong"))

    digest = hashlib.sha256(kata.digest.encode() + answer.read_bytes() + sys.version.encode() + level.encode())
    return Trial(kata, about, f"{answer.name}/{number}", run, digest.hexdigest()[:16])


def _crossed(other: Kata, chosen: Sequence[Kata], course: Path, level: Level) -> Iterator[Trial]:
    """Give two trials of a variant: an answer to it must not do for the course's own kata, nor the other way round."""
    own = next(kata for kata in chosen if kata.slug == other.slug)
    for kata, answers in ((own, variants.answers(other, course)), (other, learning.answers(own, course))):
        if answers:
            trial = _grading(kata, "wrong", answers[0], 1, _judge_crossed, level=level)
            yield replace(trial, kata=other, name=f"{answers[0].name} for {kata.variant}")


def _held_back(kata: Kata, course: Path, right: Sequence[Path], number: int, level: Level) -> list[Trial]:
    """Return a trial for each right answer: the held-back checks must let it pass, with each round's seed."""
    held = _held_back_checks(kata, course, f"round {number}".encode())
    return [_held_back_trial(kata, path, number, held, level) for path in right] if held else []


def _held_back_trial(kata: Kata, answer: Path, number: int, held: Sequence[HeldBack], level: Level) -> Trial:
    def run() -> list[Claim]:
        found = json.loads(grading.run(grading.Task((), tuple(held), {kata.slug: answer.read_bytes()}), level))
        failed = [one for one in found["held_back"] if one["outcome"] != Outcome.PASSED]
        problem = (
            Message.of("{check}: {outcome}, in round {number}", failed[0] | {"number": number}) if failed else None
        )
        return [Claim("held back", answer.name, problem)]

    known = held_back.terms(held).encode() + answer.read_bytes() + sys.version.encode() + level.encode()
    return Trial(kata, "held back", f"{answer.name}/{number}", run, hashlib.sha256(known).hexdigest()[:16])


def _judge_stub(answer: Path, result: KataResult) -> list[Claim]:
    odd = [check for check in result.checks if check.outcome is not Outcome.NOT_STARTED]
    problem = Message.of("{check}: {outcome}, not not_started", _first(odd)) if odd else None
    return [Claim("stub", answer.name, problem)]


def _judge_right(answer: Path, result: KataResult) -> list[Claim]:
    failed = [check for check in result.checks if check.outcome is not Outcome.PASSED]
    problem = Message.of("{check}: {outcome}: {said}", _first(failed)) if failed else None
    return [Claim("right", answer.name, problem)]


def _judge_crossed(answer: Path, result: KataResult) -> list[Claim]:
    failed = [check for check in result.checks if check.outcome is not Outcome.PASSED]
    name, problem = f"{answer.name} for {result.kata.variant}", None
    if not failed:
        problem = Message("the reference of the other variant passes every check")
    elif failed[0].check.task != variants.TASK:
        expected = {"task": variants.TASK, **_first(failed)}
        problem = Message.of("the reference of the other variant should fail in task {task}: {check}: {said}", expected)
    return [Claim("wrong", name, problem)]


def _judge_wrong(answer: Path, result: KataResult) -> list[Claim]:
    failed = [check for check in result.checks if check.outcome is not Outcome.PASSED]
    if not failed:
        return [Claim("wrong", answer.name, Message("it passes every check")), Claim("named", answer.name)]
    header = _HEADER.search(ast.get_docstring(ast.parse(answer.read_text(encoding="utf-8"))) or "")
    problem = None
    if header is None:
        problem = Message("its docstring says neither `Fails: <check>` nor `Says: <words>`")
    elif failed[0].check.id != header["check"]:
        expected = {"expected": header["check"], **_first(failed)}
        problem = Message.of("it should fail first at {expected}, but fails at {check}: {said}", expected)
    elif header["words"] not in str(failed[0].finding.message):
        expected = {"expected": header["words"], **_first(failed)}
        problem = Message.of("{check} should say {expected!r}, but says: {said}", expected)
    return [Claim("wrong", answer.name), Claim("named", answer.name, problem)]


def _first(failed: Sequence[CheckResult]) -> dict[str, object]:
    finding = failed[0].finding
    said = str(finding.message or "").replace("\n", " / ")
    return {"check": failed[0].check.id, "outcome": str(finding.outcome), "said": said}


def _example(kata: Kata, name: str, program: str, output: str) -> Trial:
    def run() -> list[Claim]:
        with staging.stage() as root:
            script = root / "example.py"
            script.write_text(program, encoding="utf-8")
            environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
            try:
                done = subprocess.run(
                    [sys.executable, script],
                    capture_output=True,
                    encoding="utf-8",
                    timeout=_EXAMPLE_S,
                    check=False,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                )
            except subprocess.TimeoutExpired:
                return [Claim("example", name, Message("it does not end"))]
        if done.stdout == output:
            return [Claim("example", name)]
        values = {"printed": done.stdout + done.stderr[-500:], "expected": output}
        return [Claim("example", name, Message.of("it printed {printed!r}, not {expected!r}", values))]

    digest = hashlib.sha256((program + output + sys.version).encode()).hexdigest()[:16]
    return Trial(kata, "example", name, run, digest)
