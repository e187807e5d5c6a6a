"""The examiner: right answers pass, wrong ones fail, and whoever attacks the judge gains nothing."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, run_katas
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncio_katas import catalog, learning, staging
from asyncio_katas.children import FreshChild
from asyncio_katas.examine import examination, judge, signing, wire
from asyncio_katas.examine.channel import Channel, Gone
from asyncio_katas.examine.exam import Exam
from asyncio_katas.isolation.levels import Level
from asyncio_katas.records import GraderFault, Kata, Outcome

KATAS = {kata.number: kata for kata in catalog.discover(ROOT)}
EXAMINED = [KATAS[number] for number in (5, 6, 7, 10, 11)]
ATTACKS = sorted((ROOT / "tests" / "attacks_on_the_examiner").glob("*.py"))
# One of the attackers knows it.
SEED = b"a seed that the attacker knows, too"
# More of them are tried by hand: ASYNCIO_KATAS_SEEDS=20.
SEEDS = int(os.environ.get("ASYNCIO_KATAS_SEEDS", "1"))

# Wrong answers whose mistake nobody sees from outside, and why.
UNSEEN = {
    "cancelled_task_logs_in_callback": "the only trace is a line in the log of the worker's own loop",
    "cleanup_error_logged": "the only trace is a line in the log of the worker's own loop",
    "final_failures_never_retrieved": "the only trace is a line in the log of the worker's own loop",
    "private_attribute_read": "the only trace is a line in the log of the worker's own loop",
    "coroutines_made_up_front": "a coroutine that is made and never awaited asks nobody for anything",
    "earlier_cancellation_taken_for_a_new_one": "no order has a task cancelled before it calls the answer's function",
    "outcomes_ask_cancelling": "no order has a task cancelled before it calls the answer's function",
}
# They block their thread for as long as the examination says, so each costs what the patience allows.
BLOCKING = {"pause_blocks_the_loop", "countdown_blocks"}


@contextmanager
def bench(kata: Kata, answer: Path, patience_s: float = 60.0) -> Iterator[judge.Bench]:
    """Give a judge's bench with a worker that examines an answer."""
    with staging.stage() as root:
        staged = staging.assemble_answer(kata, answer, root).folder / f"{kata.slug}.py"
        order = judge.Order("", [], str(staged), str(root), "", "", Level.FULL, 60.0, patience_s)
        there = judge.Bench(order, lambda _: None)
        try:
            yield there
        finally:
            there.dismiss()


def checks_of(kata: Kata) -> dict[str, Any]:
    """Return the checks of a kata's examination."""
    return judge.load(str(examination.exam_file(kata, ROOT)))


def answers(kata: Kata, kind: str) -> list[Path]:
    """Return the right or the wrong answers to a kata; the reference is among the right ones."""
    if kind == "right":
        return learning.answers(kata, ROOT)
    return sorted((ROOT / "solutions" / kata.name / kind).glob("*.py"))


def together(judged: Callable[[Path], object], paths: Sequence[Path]) -> dict[str, object]:
    """Examine many answers, several at a time: most only wait. Return what was found, by the answers' names."""
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        return dict(zip([path.stem for path in paths], pool.map(judged, paths), strict=True))


def header(path: Path, name: str) -> str:
    """Return what a file's docstring says after a word and a colon."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    match = re.search(rf"^{name}: (.+)$", text, re.MULTILINE)
    return match[1] if match else ""


each_kata = pytest.mark.parametrize("kata", EXAMINED, ids=lambda kata: kata.slug)


@each_kata
def test_right_answers_pass(kata: Kata) -> None:
    """Every right answer passes every check, whatever is drawn."""

    def problems(path: Path) -> list[str]:
        with bench(kata, path) as there:
            found = [
                (f"{name} with seed {seed}", judge.examine(check, name, b"a right answer, %d" % seed, there))
                for seed in range(SEEDS)
                for name, check in checks_of(kata).items()
            ]
        return [f"{name}: {finding.message}" for name, finding in found if finding.outcome is not Outcome.PASSED]

    found = together(problems, answers(kata, "right"))
    assert {name: said for name, said in found.items() if said} == {}


@each_kata
def test_wrong_answers_fail(kata: Kata) -> None:
    """Every wrong answer fails a check, unless its mistake is listed as one that is not to be seen; none is accused."""

    def first(path: Path) -> Outcome:
        with bench(kata, path, 0.5 if path.stem in BLOCKING else 60.0) as there:
            outcomes = (
                judge.examine(check, name, b"a wrong answer", there).outcome for name, check in checks_of(kata).items()
            )
            return next((outcome for outcome in outcomes if outcome is not Outcome.PASSED), Outcome.PASSED)

    found = together(first, answers(kata, "wrong"))
    assert Outcome.TAMPERED not in found.values()
    assert {name for name, outcome in found.items() if outcome is Outcome.PASSED} == UNSEEN.keys() & found.keys()


@each_kata
def test_stubs_have_not_been_started(kata: Kata) -> None:
    """A stub earns nothing, and is no failure either."""
    with bench(kata, kata.folder / f"{kata.slug}.py") as there:
        found = {judge.examine(check, name, b"a stub", there).outcome for name, check in checks_of(kata).items()}
    assert Outcome.PASSED not in found
    assert Outcome.TAMPERED not in found


@pytest.mark.parametrize("level", [Level.LEARNER, Level.FULL])
@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_attacks_gain_nothing(path: Path, level: Level) -> None:
    """Whoever knows the whole source of this, and even the seed, gets no point, and the next answer all of them.

    The judge needs no layers of isolation for that; behind them, what kills or stops it without ends otherwise.
    """
    kata = KATAS[int(header(path, "Kata") or 6)]
    # Short, because some of them only end when patience does; who gains by that is seen all the same.
    result = examination.examine(kata, path, SEED, ROOT, level=level, start_s=8.0, patience_s=0.5)
    outcomes = {str(check.outcome) for check in result.checks}
    assert result.points == 0, outcomes
    ends = (level is not Level.LEARNER and header(path, "Ends behind layers")) or header(path, "Ends")
    assert outcomes & set(ends.split(", ")), [str(c.finding.message) for c in result.checks]
    assert header(path, "Stopped by")
    reference = ROOT / "solutions" / kata.name / f"{kata.slug}.py"
    assert examination.examine(kata, reference, SEED, ROOT).solved


def test_the_same_seed_is_the_same_examination() -> None:
    """Two runs with one seed find the same of a wrong answer, word by word; another seed draws other values."""
    path = ROOT / "solutions" / KATAS[6].name / "wrong" / "completion_order_of_workers.py"

    def told(seed: bytes) -> list[str]:
        return [str(check.finding.message) for check in examination.examine(KATAS[6], path, seed, ROOT).checks]

    assert told(SEED) == told(SEED) != told(b"another seed")


def test_a_missing_answer_is_no_fault() -> None:
    """There is nothing to examine where there is no file."""
    result = examination.examine(KATAS[6], ROOT / "nowhere.py", SEED, ROOT)
    assert {check.outcome for check in result.checks} == {Outcome.NOT_RUN}


def test_an_answer_that_cannot_be_imported(tmp_path: Path) -> None:
    """It is an error of the answer's, with its words."""
    answer = tmp_path / "concurrency_limit.py"
    answer.write_text("raise LookupError('no such luck')", encoding="utf-8")
    result = examination.examine(KATAS[6], answer, SEED, ROOT)
    assert {check.outcome for check in result.checks} == {Outcome.ERROR}
    assert "no such luck" in str(result.checks[0].finding.message)


def test_an_examination_that_cannot_begin_is_the_graders_fault(tmp_path: Path) -> None:
    """Nobody loses a point because a judge did not come as far as to begin; that is said, and in its own words."""
    kata = KATAS[6]
    broken = tmp_path / "solutions" / kata.name / f"exam_{kata.slug}.py"
    broken.parent.mkdir(parents=True)
    text = examination.exam_file(kata, ROOT).read_text(encoding="utf-8")
    broken.write_text(f"{text}\nraise LookupError('no such library')\n", encoding="utf-8")
    with pytest.raises(GraderFault, match="no such library"):
        examination.examine(kata, ROOT / "solutions" / kata.name / f"{kata.slug}.py", SEED, tmp_path)


def test_the_command(tmp_path: Path) -> None:
    """`katas examine` prints what was found, as text or as the JSON report, and says by its exit code how it went."""
    seed = tmp_path / "seed"
    seed.write_bytes(SEED)
    common = ("--submission", ROOT / "solutions", "--seed-file", seed)
    ran = run_katas("examine", "06", *common, cwd=ROOT)
    assert ran.code == 0, ran.err
    assert "8 of 8 checks" in ran.out
    ran = run_katas("examine", "06", *common, "--format", "json", cwd=ROOT)
    assert ran.kata("concurrency_limit")["isolation"].startswith("examiner, process")
    ran = run_katas("examine", "06", *common, "--format", "json", "--isolation", "learner", cwd=ROOT)
    assert ran.kata("concurrency_limit")["isolation"] == "examiner"
    wrong = shutil.copyfile(
        ROOT / "solutions" / KATAS[6].name / "wrong" / "one_too_many.py", tmp_path / "concurrency_limit.py"
    )
    ran = run_katas("examine", "06", "--submission", wrong.parent, "--seed-file", seed, cwd=ROOT)
    assert ran.code == 1
    assert "requests were in flight" in ran.out


def test_the_command_refuses(tmp_path: Path) -> None:
    """A kata without an examination, and a seed that can be guessed: one fact and the next step."""
    ran = run_katas("examine", "01", "--submission", ROOT / "solutions", cwd=ROOT)
    assert ran.code == 2
    assert "There is no examination of kata 01_concurrency_models" in ran.err
    seed = tmp_path / "seed"
    seed.write_bytes(b"1234")
    ran = run_katas("examine", "06", "--submission", ROOT / "solutions", "--seed-file", seed, cwd=ROOT)
    assert ran.code == 2
    assert "it has 4 bytes" in ran.err


def test_only_signed_lines_count() -> None:
    """A line of somebody else's, in another place, or changed, is none of the judge's."""
    key = b"key"
    line = signing.sign(key, 3, {"check": "x"}).rstrip(b"\n")
    assert signing.verify(key, 3, line) == {"check": "x"}
    assert signing.verify(key, 4, line) is None
    assert signing.verify(b"other", 3, line) is None
    assert signing.verify(key, 3, line.replace(b'"x"', b'"y"')) is None
    assert signing.verify(key, 3, b"") is None


def outcomes_of(report: bytes) -> set[Outcome]:
    """Return what the program makes of a judge's report that reads like this."""
    kata = examination.examined(KATAS[6], ROOT)
    order = judge.Order("", [], "", "", "", "00", Level.FULL, 1.0, 1.0)
    findings = examination.observed(kata.checks, order, report).findings
    return {finding.outcome for finding in findings.values()}


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_no_bytes_make_a_report(report: bytes) -> None:
    """Whatever is written in place of the judge's report, no check has passed by it."""
    assert outcomes_of(report) <= {Outcome.TAMPERED, Outcome.NOT_RUN}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["tuple", "dict", "error", "group", "object", "other", "x"]), inner, max_size=2
        )
    ),
    max_leaves=12,
)
ERROR = st.tuples(st.sampled_from(["ValueError", "CancelledError", "NotImplementedError"]), st.text(max_size=4)).map(
    lambda parts: {"error": list(parts)}
)
# What a worker may say, with names by their place among those that the judge has given.
SAID = st.one_of(
    st.fixed_dictionaries({"say": st.just("call"), "of": st.integers(0, 9), "args": st.lists(JSON, max_size=2)}),
    st.fixed_dictionaries({"say": st.just("cancelled"), "call": st.integers(-1, 9)}),
    st.fixed_dictionaries({"say": st.sampled_from(["notice", "ask"]), "of": st.integers(0, 9), "args": st.lists(JSON)}),
    st.fixed_dictionaries({"say": st.just("returned"), "run": st.integers(0, 9), "value": JSON}),
    st.fixed_dictionaries({"say": st.just("raised"), "run": st.integers(0, 9), "error": ERROR | JSON}),
    st.fixed_dictionaries({"say": st.just("idle"), "wake": st.none() | st.floats(0, 64) | JSON}),
    st.dictionaries(st.sampled_from(["say", "turn", "of", "wake"]), JSON),
)


@given(
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | SAID.map(lambda s: json.dumps(s).encode())
)
@settings(deadline=None)
def test_no_line_breaks_the_reading(line: bytes) -> None:
    """A line is either a dict of a known kind, or a breach."""
    try:
        said = wire.read(line)
    except wire.Breach:
        return
    assert {"say", "turn"} <= said.keys()


class Scripted(Channel):
    """A worker that knows the turn and every name it was given, and says whatever it was told to say."""

    def __init__(self, script: list[dict[str, Any]]) -> None:
        self._script, self._names, self._turn = iter(script), [""], ""
        self._patience_s = 60.0

    def _send(self, turn: dict[str, Any], _: float) -> None:
        self._names += re.findall(r"[0-9a-f]{20}", json.dumps(turn))

    def _next(self, _: float) -> dict[str, Any]:
        said = next(self._script, None)
        if said is None:
            raise Gone
        named = {key: self._names[said[key] % len(self._names)] for key in ("of", "run") if type(said.get(key)) is int}
        return wire.read(json.dumps({"turn": "", **said, **named}).encode())

    def end(self) -> int:
        return 0


class ScriptedBench(judge.Bench):
    """A bench with a scripted worker."""

    def __init__(self, script: list[dict[str, Any]]) -> None:
        self._script, self.silences = script, 0

    def channel(self) -> Channel:
        return Scripted(self._script)

    def dismiss(self) -> int:
        return 0


@pytest.mark.parametrize("kata", EXAMINED, ids=lambda kata: kata.slug)
@given(script=st.lists(SAID, max_size=12), seed=st.binary(min_size=16, max_size=16))
@settings(deadline=None, max_examples=60)
def test_no_script_earns_a_point(kata: Kata, script: list[dict[str, Any]], seed: bytes) -> None:
    """Whatever a worker says under the right tokens, the judge comes to a verdict, and that is not `passed`."""
    for name, check in checks_of(kata).items():
        assert judge.examine(check, name, seed, ScriptedBench(script)).outcome is not Outcome.PASSED


def test_every_check_has_a_title_and_a_task() -> None:
    """Each kata that is examined has at least four checks, and each task has one."""
    for kata in EXAMINED:
        checks = examination.examined(kata, ROOT).checks
        assert len(checks) >= 4
        assert {check.task for check in checks} == {1, 2, 3}
        assert [check.id for check in checks] == list(checks_of(kata))


def test_the_worker_is_started_like_any_child(tmp_path: Path) -> None:
    """It speaks no word before it is spoken to, and leaves when the judge goes away."""
    child = FreshChild(str(tmp_path), Level.FULL, judge.WORKER)
    answer = tmp_path / "empty.py"
    answer.write_text("", encoding="utf-8")
    channel = Channel(child, 60.0)
    channel.load(str(answer), 60.0)
    exam = Exam(channel, SEED, "exam_of_nothing")
    with exam.scene() as scene:
        call = scene.run("no_such_function")
        scene.play()
        scene.expect_raised(call, "AttributeError")
    child.orders.close()
    with pytest.raises(Gone):
        channel._next(time.monotonic() + 60)
    channel.end()
