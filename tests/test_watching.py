"""The desk: whatever is saved whenever, the latest text gets one verdict, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from asyncio_katas.watch.watching import PATIENCE_S, Desk, Run, looks_half_written

ONE, TWO, THREE = b"x = 1\n", b"x = 2\n", b"x = 3\n"
SLUGS = ["a", "b", "c"]


def desk(work: str = "a", **texts: bytes) -> Desk:
    """Return a desk where everything has been judged."""
    made = Desk(SLUGS, work)
    for slug in SLUGS:
        made.look(slug, texts.get(slug, ONE), 0)
    while made.begin(0):
        assert made.end(judged=True, now=0)
    return made


def test_the_kata_in_work_comes_first_then_the_ones_behind_it() -> None:
    made = Desk(SLUGS, "b")
    for slug in SLUGS:
        made.look(slug, ONE, 0)
    order = []
    while run := made.begin(0):
        order.append(run.slug)
        made.end(judged=True, now=0)
    assert order == ["b", "c", "a"]


def test_a_text_is_graded_once() -> None:
    made = desk()
    assert made.look("a", TWO, 1)
    assert not made.look("a", TWO, 2)
    assert made.begin(2) == Run("a", TWO, 4)
    assert made.end(judged=True, now=2)
    assert made.begin(3) is None
    assert made.settled("a")


def test_a_save_during_a_run_ends_it_and_the_latest_text_is_graded() -> None:
    made = desk()
    made.look("a", TWO, 1)
    made.begin(1)
    assert not made.interrupt(1)
    made.look("a", THREE, 1.1)
    assert made.interrupt(1.1)
    assert not made.interrupt(1.2), "it is told to end once"
    assert not made.end(judged=False, now=1.3)
    run = made.begin(1.3)
    assert run is not None
    assert run.text == THREE


def test_a_verdict_that_was_overtaken_does_not_count() -> None:
    made = desk()
    made.look("a", TWO, 1)
    made.begin(1)
    made.look("a", THREE, 1.1)
    assert not made.end(judged=True, now=1.1), "it finished before it could be ended"
    assert not made.settled("a")


def test_what_was_undone_during_its_run_needs_no_verdict() -> None:
    made = desk()
    made.look("a", TWO, 1)
    made.begin(1)
    made.look("a", ONE, 1.1)
    assert made.interrupt(1.1)
    made.end(judged=False, now=1.2)
    assert made.begin(1.2) is None
    assert made.settled("a")


def test_what_was_undone_and_redone_during_its_run_is_graded_once() -> None:
    made = desk()
    made.look("a", TWO, 1)
    made.begin(1)
    made.look("a", THREE, 1.1)
    made.look("a", TWO, 1.1)
    assert not made.interrupt(1.1)
    assert made.wait(1.1) is None
    assert made.end(judged=True, now=1.2)
    assert made.begin(1.2) is None


def test_a_run_that_was_told_to_end_for_nothing_is_done_again() -> None:
    made = desk()
    made.look("a", TWO, 1)
    made.begin(1)
    made.look("a", THREE, 1.1)
    assert made.interrupt(1.1)
    made.look("a", TWO, 1.2)
    assert not made.end(judged=False, now=1.3)
    run = made.begin(1.3)
    assert run is not None
    assert run.text == TWO


def test_whoever_waits_does_not_wait_for_another_kata() -> None:
    made = desk()
    made.look("b", TWO, 1)
    made.begin(1)
    made.look("a", TWO, 1.1)
    assert made.interrupt(1.1)
    made.end(judged=False, now=1.2)
    runs = []
    while run := made.begin(1.2):
        runs.append(run.slug)
        made.end(judged=True, now=1.2)
    assert runs == ["a", "b"]


def test_a_half_written_text_waits_for_the_rest() -> None:
    made = desk()
    made.look("a", b"", 1)
    assert made.begin(1) is None
    assert made.wait(1) == pytest.approx(PATIENCE_S)
    assert not made.settled("a"), "the old verdict is not one of what is there now"
    made.look("a", TWO, 1.1)
    run = made.begin(1.1)
    assert run is not None
    assert run.text == TWO


def test_a_text_that_stays_half_written_is_graded_after_all() -> None:
    made = desk()
    made.look("a", b"def f(:\n", 1)
    assert made.begin(1 + PATIENCE_S / 2) is None
    assert made.begin(1 + PATIENCE_S) is not None


def test_demanding_again_is_one_more_verdict_however_often() -> None:
    made = desk()
    made.demand("a", 1)
    made.demand("a", 1)
    assert made.begin(1) is not None
    made.demand("a", 1)
    assert made.end(judged=True, now=1)
    assert made.begin(1) is None


def test_what_is_only_remembered_is_not_graded_before_it_changes() -> None:
    made = Desk(SLUGS, "a")
    made.look("b", ONE, 0, grade=False)
    assert made.begin(0) is None
    made.look("b", TWO, 1)
    assert made.begin(1) is not None


@pytest.mark.parametrize(
    ("text", "before", "half"),
    [
        (ONE, None, False),
        (None, ONE, True),
        (b"", None, True),
        (b"\n\n", ONE, True),
        (b"def f(:\n", ONE, True),
        (b"\xff\xfe\n", ONE, True),
        (b"x = 1\n\0", ONE, True),
        (b"x = 1\n", b"x = 1\ny = 2\n", True),
        (b"x = 1\ny =", b"x = 2\n", True),
        (b"x = 1\ny = 22", b"x = 2\n", True),
        (b"x = 1\ny = 22", b"x = 2\ny = 2", False),
        (b"x = '\\d'\n", ONE, False),
        (b"(" * 1000 + b"\n", ONE, True),
    ],
)
def test_what_looks_half_written(text: bytes | None, before: bytes | None, half: bool) -> None:
    assert looks_half_written(text, before) is half


def test_a_text_that_came_back_in_time_is_judged_once() -> None:
    """A grading is told to end, the text it is of comes back, and it had been through already: its verdict counts."""
    desk = Desk(SLUGS, "a")
    desk.look("a", ONE, 0.0)
    desk.begin(0.0)
    desk.look("a", TWO, 1.0)
    assert desk.interrupt(1.0)
    desk.look("a", ONE, 2.0)
    assert desk.end(judged=True, now=2.0)
    assert desk.begin(9.0) is None


class AnyOrder(RuleBasedStateMachine):
    """Saves, keys and verdicts in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.desk = Desk(SLUGS, "a")
        self.files: dict[str, bytes | None] = {}
        self.verdicts: dict[str, bytes | None] = {}
        self.told_to_end: set[int] = set()
        self.demanded: set[str] = set()
        for slug in SLUGS:
            self.save(slug, ONE)

    @rule(slug=st.sampled_from(SLUGS), text=st.sampled_from([ONE, TWO, THREE, b"", b"x = (", None]))
    def save(self, slug: str, text: bytes | None) -> None:
        self.files[slug] = text
        self.desk.look(slug, text, self.now)

    @rule(slug=st.sampled_from(SLUGS))
    def go(self, slug: str) -> None:
        self.desk.work = slug

    @rule(slug=st.sampled_from(SLUGS))
    def demand(self, slug: str) -> None:
        self.demanded.add(slug)
        self.verdicts.pop(slug, None)
        self.desk.demand(slug, self.now)

    @rule(seconds=st.sampled_from([0.01, PATIENCE_S]))
    def let_time_pass(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def begin(self) -> None:
        before = self.desk.running
        run = self.desk.begin(self.now)
        if run:
            assert before is None
            assert run.text == self.files[run.slug]
            assert run.slug not in self.verdicts or self.verdicts[run.slug] != run.text or run.slug in self.demanded
            self.demanded.discard(run.slug)

    @rule()
    def interrupt(self) -> None:
        if self.desk.interrupt(self.now):
            assert self.desk.running is not None
            assert self.desk.running.number not in self.told_to_end
            self.told_to_end.add(self.desk.running.number)

    @precondition(lambda self: self.desk.running is not None)
    @rule(judged=st.booleans())
    def end(self, judged: bool) -> None:
        run = self.desk.running
        assert run is not None
        if self.desk.end(judged=judged, now=self.now):
            assert judged
            assert run.text == self.files[run.slug], "no verdict but one of the latest text"
            self.verdicts[run.slug] = run.text

    @invariant()
    def settled_means_judged(self) -> None:
        for slug in SLUGS:
            if self.desk.settled(slug):
                assert self.verdicts[slug] == self.files[slug]

    def teardown(self) -> None:
        """Whatever happened: left alone, everything comes to rest with a verdict on every latest text."""
        for _ in range(20):
            self.interrupt()
            if self.desk.running:
                self.end(judged=self.desk.running.number not in self.told_to_end)
            elif not self.desk.begin(self.now) and (wait := self.desk.wait(self.now)) is not None:
                self.now += wait
        assert self.verdicts == self.files
        assert self.desk.wait(self.now) is None


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(deadline=None, max_examples=200)
