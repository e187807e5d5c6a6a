"""The terminal report: what it says in every state, and that nothing in an answer can bend the window around it."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from asyncio_katas import language
from asyncio_katas.lab.messages import Message
from asyncio_katas.records import Check, CheckResult, Finding, Kata, KataResult, KatasError, Outcome, Report, Spot, Task
from asyncio_katas.rendering import terminal

HERE = Path("/course")
PASSED = Finding(Outcome.PASSED)
NOT_STARTED = Finding(
    Outcome.NOT_STARTED, Message("Not written yet."), None, Spot("/course/katas/06_limit/limit.py", 15, "raise …")
)
TIMELINE: dict[str, Any] = {
    "end": 3.0,
    "spans": [
        {"label": "fetch a", "start": 0.0, "end": 2.0, "how": "returned", "cleanup": None},
        {"label": "fetch b", "start": 0.0, "end": 3.0, "how": "cancelled", "cleanup": 2.0},
    ],
    "mark": {"at": 2.0, "text": "2 in flight, limit 1"},
}
FAILED = Finding(
    Outcome.FAILED,
    Message.of("limit=1, but {peak} requests were in flight. They overlapped.", {"peak": 2}),
    Message("Count again who holds a slot."),
    Spot("/course/katas/06_limit/limit.py", 37, "await fetch(url)"),
    "fetching a\nfetching b\n",
    TIMELINE,
)
TITLES = (
    "fetch_all: every request is in flight at the same time.",
    "fetch_limited: never more than `limit` requests are in flight, and that many are, all the time.",
    "fetch_limited: a limit below 1 is refused.",
)
ANSI = "\x1b["


def kata(number: int = 6, slug: str = "limit", **changes: Any) -> Kata:
    checks = tuple(Check(f"test_{i}", title, min(i + 1, 2), 10.0) for i, title in enumerate(TITLES))
    tasks = (Task(1, "The question itself", 1, ()), Task(2, "The working tool", 2, ()))
    folder = HERE / "katas" / f"{number:02}_{slug}"
    return replace(
        Kata(number, slug, f"Kata about {slug}", folder, tasks, checks, (), "same", "same"),
        **changes,
    )


def result(*findings: Finding, of: Kata | None = None, answer: Path | None = None) -> KataResult:
    of = of or kata()
    checks = tuple(
        CheckResult(check, finding, of.points(check) if finding.outcome is Outcome.PASSED else 0, of.points(check))
        for check, finding in zip(of.checks, findings, strict=True)
    )
    outcomes = {finding.outcome for finding in findings}
    outcome = outcomes.pop() if len(outcomes) == 1 else Outcome.FAILED
    if any(finding.outcome is Outcome.TAMPERED for finding in findings):
        outcome = Outcome.TAMPERED
    return KataResult(of, answer or of.folder / f"{of.slug}.py", outcome, checks, "process", 0.1)


def every(finding: Finding, number: int, slug: str, **changes: Any) -> KataResult:
    return result(finding, finding, finding, of=kata(number, slug, **changes))


def screen(*katas: KataResult, narrow: bool = False, width: int = 80, **how: Any) -> str:
    how = {"here": HERE, "command": "katas check", **how}
    return terminal.render(Report(katas), narrow=narrow, width=width, **how).plain


def row(text: str, part: str) -> str:
    """Return the one line that holds `part`."""
    found = [line for line in text.splitlines() if part in line]
    assert len(found) == 1, f"{part!r} stands in {len(found)} lines of:\n{text}"
    return found[0]


class Window(io.TextIOWrapper):
    """A standard output that says whether it is a terminal, and keeps the bytes it got."""

    def __init__(self, encoding: str, *, tty: bool) -> None:
        self.bytes = io.BytesIO()
        self._tty = tty
        super().__init__(self.bytes, encoding=encoding, errors="strict", write_through=True)

    def isatty(self) -> bool:
        return self._tty


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return a function that shows a report in a window and gives what arrived there."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "ASYNCIO_KATAS_COMMAND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "48")
    monkeypatch.chdir(tmp_path)

    def show(*katas: KataResult, encoding: str = "utf-8", tty: bool = False, narrow: bool = True) -> str:
        window = Window(encoding, tty=tty)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", window)
            terminal.show(Report(katas), narrow=narrow, output=None)
        return window.bytes.getvalue().decode(encoding)

    return show


# What it says


def test_first_line_counts_katas_and_checks() -> None:
    text = screen(every(PASSED, 5, "pool"), result(PASSED, FAILED, NOT_STARTED))
    assert text.splitlines()[0] == "█" * 13 + "░" * 7 + "  solved 1 of 2 · 4 of 6 checks"


def test_bar_is_full_only_when_everything_passes() -> None:
    assert screen(every(PASSED, 6, "limit")).startswith("█" * 20 + "  solved 1 of 1")
    almost = [*(every(PASSED, number, f"k{number}") for number in range(10, 30)), result(PASSED, PASSED, FAILED)]
    assert screen(*almost).startswith("█" * 19 + "░  solved 20 of 21 · 62 of 63")


@pytest.mark.parametrize(
    ("finding", "sign", "words"),
    [
        (PASSED, "✓", "5/5 points"),
        (FAILED, "✗", "0/5 points"),
        (NOT_STARTED, "·", "0/5 points"),
        (replace(FAILED, outcome=Outcome.ERROR), "!", "error"),
        (replace(FAILED, outcome=Outcome.TIMEOUT), "…", "never ended"),
        (replace(FAILED, outcome=Outcome.NOT_RUN), "…", "not run"),
        (replace(FAILED, outcome=Outcome.TAMPERED), "!", "tampered with"),
    ],
)
def test_list_gives_each_kata_its_sign_and_words(finding: Finding, sign: str, words: str) -> None:
    line = row(screen(result(FAILED, FAILED, FAILED), every(finding, 11, "other")), "11 Kata about other")
    assert line.startswith(f"  {sign} 11 Kata about other")
    assert line.endswith(words)


def test_list_is_left_out_for_a_single_kata() -> None:
    assert "points" not in screen(result(PASSED, FAILED, FAILED))
    assert "points" in screen(result(PASSED, FAILED, FAILED), every(PASSED, 11, "other"))


def test_list_of_a_slim_window_gives_numbers_instead_of_bars() -> None:
    text = screen(
        result(PASSED, FAILED, FAILED), every(replace(FAILED, outcome=Outcome.TIMEOUT), 11, "other"), width=40
    )
    assert row(text, "→ ✗ 06").endswith("  1/3   1/5")
    assert row(text, "… 11").endswith("never ended")


@pytest.mark.parametrize(
    ("narrow", "findings", "work"),
    [
        (False, (PASSED, NOT_STARTED, FAILED), 12),
        (False, (PASSED, NOT_STARTED, NOT_STARTED), 11),
        (True, (PASSED, NOT_STARTED, FAILED), 11),
        (True, (FAILED, NOT_STARTED, FAILED), 10),
    ],
)
def test_kata_in_work(*, narrow: bool, findings: tuple[Finding, ...], work: int) -> None:
    text = screen(*(every(finding, 10 + i, f"k{i}") for i, finding in enumerate(findings)), narrow=narrow)
    sign = "✗" if findings[work - 10] is FAILED else "·"
    assert row(text, f"→ {sign} ").split()[2] == str(work)
    heading = f"{work} Kata about k{work - 10}: {Path('katas') / f'{work}_k{work - 10}' / f'k{work - 10}.py'}"
    assert heading in text.splitlines()
    assert text.splitlines()[-1].endswith(f"katas check {work}")


def test_checks_stand_below_their_tasks() -> None:
    lines = screen(result(PASSED, FAILED, NOT_STARTED)).splitlines()
    start = lines.index("Task 1: The question itself")
    assert lines[start + 1] == "  ✓ fetch_all: every request is in flight at the same time."
    assert lines[start + 2] == "Task 2: The working tool"
    assert lines[start + 3] == "  ✗ fetch_limited: never more than `limit` requests are in flight, and that man…"
    assert lines[start + 4] == "  · fetch_limited: a limit below 1 is refused (not started)"


def test_a_task_nobody_began_says_so_once() -> None:
    text = screen(result(PASSED, NOT_STARTED, NOT_STARTED))
    assert "Task 2: The working tool (not started)" in text.splitlines()
    assert text.count("(not started)") == 1


def test_first_failure_in_full() -> None:
    text = screen(result(PASSED, FAILED, replace(FAILED, message=Message("Second. Two."), timeline=None)))
    assert (
        """
✗ fetch_limited: never more than `limit` requests are in flight, and that many
  are, all the time.
  limit=1, but 2 requests were in flight.
  They overlapped.
  → Count again who holds a slot.
"""
        in text
    )
    at = text.splitlines().index(str(Path("  katas/06_limit/limit.py")) + ":37")
    assert text.splitlines()[at + 1] == "    await fetch(url)"
    assert text.count("→ Count again") == 1


def test_first_sentence_is_strong_and_the_rest_is_not() -> None:
    text = terminal.render(Report((result(FAILED, PASSED, PASSED),)), narrow=True, width=80, here=HERE, command="x")
    bold = [text.plain[span.start : span.end] for span in text.spans if "bold" in str(span.style)]
    assert "limit=1, but 2 requests were in flight." in bold
    assert not any("They overlapped" in part for part in bold)


@pytest.mark.parametrize(
    ("message", "first"),
    [
        ("It took 2.5 s instead of 1. Why?", "It took 2.5 s instead of 1."),
        ("a.py cannot be read: line 3\n  x = (\n", "a.py cannot be read: line 3"),
        ("\nFirst line\nSecond line", "First line"),
        ("It is e.g. late", "It is e.g. late"),
        ("第一句。第二句。", "第一句。"),
    ],
)
def test_first_sentence_ends_where_it_ends(message: str, first: str) -> None:
    other = replace(FAILED, message=Message("{said}", {"said": message}))
    assert f"      {first}" in screen(result(FAILED, other, PASSED)).splitlines()


def test_other_failures_stay_short() -> None:
    other = replace(FAILED, message=Message("The limit was taken as it is. Refuse it."), output="secret")
    text = screen(result(FAILED, PASSED, other))
    below = text.splitlines()[text.splitlines().index("  ✗ fetch_limited: a limit below 1 is refused.") + 1]
    assert below == "      The limit was taken as it is."
    assert "Refuse it." not in text
    assert "secret" not in text


def test_what_the_first_failure_says_is_not_repeated() -> None:
    text = screen(every(replace(FAILED, outcome=Outcome.ERROR), 6, "limit"))
    assert text.count("limit=1, but 2 requests were in flight.") == 1


def test_timeline_is_drawn_and_indented() -> None:
    text = screen(result(FAILED, PASSED, PASSED))
    assert row(text, "fetch a ").startswith("  fetch a  ███")
    assert row(text, "▲").endswith(" ▲ 2 in flight, limit 1")
    assert row(text, "▲").index("▲") == row(text, "fetch b ").index("░")
    assert row(text, "fetch b ").endswith("░×")


def test_timeline_fits_a_slim_window_uncut() -> None:
    long = {**TIMELINE, "mark": {"at": 3.0, "text": "here it ends, too late"}}
    lines = screen(result(replace(FAILED, timeline=long), PASSED, PASSED), width=40).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("  t  "))
    assert len(lines[start + 2]) in range(37, 41)
    assert lines[start + 2].endswith("×")
    assert lines[start + 3].endswith("here it ends, too late ▲")


def test_a_failure_without_words_leaves_no_gaps() -> None:
    bare = Finding(Outcome.FAILED)
    text = screen(result(replace(FAILED, look=None, timeline=None, output=""), PASSED, bare))
    assert f"\n  They overlapped.\n\n  {Path('katas/06_limit/limit.py')}:37\n    await fetch(url)\n\n06: 1 of 3" in text
    assert "  ✗ fetch_limited: a limit below 1 is refused.\n\n✗ fetch_all" in text


def test_a_forged_timeline_is_left_out() -> None:
    spans = [{"label": "a", "start": 1e308, "end": 1.0, "how": "returned", "cleanup": None}]
    forged = replace(FAILED, timeline={"end": 1.0, "spans": spans, "mark": None})
    text = screen(result(forged, PASSED, PASSED))
    assert "→ Count again who holds a slot." in text
    assert ":37" in text


def test_line_outside_is_named_in_full() -> None:
    outside = replace(FAILED, spot=Spot("/elsewhere/x.py", 3, "boom()"))
    assert f"  {Path('/elsewhere/x.py')}:3" in screen(result(outside, PASSED, PASSED)).splitlines()


def test_output_is_shown_and_limited() -> None:
    printed = "".join(f"line {number}\n" for number in range(13))
    lines = screen(result(replace(FAILED, output=printed), PASSED, PASSED)).splitlines()
    start = lines.index("  Your code printed:")
    assert lines[start + 1 : start + 12] == [*(f"    line {number}" for number in range(10)), "    ... 3 more lines"]
    ten = screen(result(replace(FAILED, output=printed[: printed.index("line 10")]), PASSED, PASSED))
    assert "    line 9" in ten.splitlines()
    assert "more lines" not in ten


def test_no_output_no_heading() -> None:
    assert "Your code printed" in screen(result(FAILED, PASSED, PASSED))
    assert "Your code printed" not in screen(result(replace(FAILED, output=" \n"), PASSED, PASSED))


def test_nothing_failed_names_what_to_write() -> None:
    text = screen(result(PASSED, NOT_STARTED, NOT_STARTED))
    assert f"Nothing has failed. Write `fetch_limited` next: {Path('katas/06_limit/limit.py')}:15" in text
    unnamed = kata(checks=(Check("test_x", "It works at once.", 1, 1.0),))
    assert f"Write this next: {Path('katas/06_limit/limit.py')}:15" in screen(
        result(NOT_STARTED, of=unnamed), narrow=True
    )
    without_line = replace(NOT_STARTED, spot=None)
    assert f"Write this next: {Path('katas/06_limit/limit.py')}\n" in screen(
        result(without_line, of=unnamed), narrow=True
    )


def test_changed_checks_are_named_with_the_remedy() -> None:
    path = Path("katas/07_pool/test_pool.py")
    changed = every(PASSED, 7, "pool", digest="other")
    lines = screen(result(FAILED, PASSED, PASSED), changed).splitlines()
    at = lines.index(f"{path} differs from the course's checks.")
    assert lines[at + 1] == f"Restore it: git checkout -- {path}"
    assert "differs" not in screen(result(FAILED, PASSED, PASSED), every(PASSED, 7, "pool"))


# The last lines


def test_unsolved_ends_with_standing_question_and_next_step() -> None:
    answer = Path("katas/06_limit/limit.py")
    assert screen(result(PASSED, FAILED, NOT_STARTED)).splitlines()[-2:] == [
        f"06: 1 of 3 checks pass. The question: {Path('katas/06_limit/README.md')}",
        f"Next: open {answer}, then run: katas check 06",
    ]


def test_next_step_keeps_the_command_in_one_piece() -> None:
    lines = screen(result(PASSED, FAILED, NOT_STARTED), width=50).splitlines()
    assert lines[-2:] == [f"Next: open {Path('katas/06_limit/limit.py')},", "then run: katas check 06"]


def test_next_step_uses_the_given_command() -> None:
    text = screen(result(PASSED, FAILED, NOT_STARTED), command="nox -s check --")
    assert text.splitlines()[-1].endswith("then run: nox -s check -- 06")


def test_a_submission_elsewhere_is_named_in_the_next_step() -> None:
    for answer in (HERE / "mine/06_limit/limit.py", Path("mine/06_limit/limit.py"), HERE / "mine/limit.py"):
        text = screen(result(FAILED, PASSED, PASSED, answer=answer))
        assert "katas check 06 --submission mine" in text.splitlines()[-1]
        assert row(text, "06 Kata about limit:").endswith(
            str(answer.relative_to(HERE) if answer.is_absolute() else answer)
        )
    own = screen(result(FAILED, PASSED, PASSED, answer=Path("katas/06_limit/limit.py")))
    assert "--submission" not in own


def test_a_missing_answer_is_to_be_brought_back() -> None:
    missing = Finding(Outcome.NOT_RUN, Message("The answer file is missing."), Message("git checkout -- it"))
    last = screen(every(missing, 6, "limit")).splitlines()[-1]
    assert last == f"Next: bring {Path('katas/06_limit/limit.py')} back, then run: katas check 06"


def test_solved_when_named_points_to_the_rest() -> None:
    solved = every(PASSED, 6, "limit")
    direct = screen(solved, narrow=True)
    assert direct.splitlines()[-2:] == ["Solved. The next kata: katas next", "Other right answers: katas solution 06"]
    nox = screen(solved, narrow=True, command="nox -s check --")
    assert nox.splitlines()[-2:] == ["Solved. The next kata: nox -s next", "Other right answers: nox -s solution -- 06"]


def test_other_answers_are_for_who_solved_it() -> None:
    other = every(PASSED, 7, "other")
    handed_in = result(PASSED, PASSED, PASSED, answer=HERE / "hand-in/06_limit/limit.py")
    for katas in ([every(PASSED, 6, "limit"), other], [handed_in]):
        assert screen(*katas, narrow=True).splitlines()[-1] == "Solved. The next kata: katas next"


def test_solved_among_the_named_is_praised_and_the_next_named() -> None:
    katas = every(PASSED, 5, "pool"), result(PASSED, FAILED, NOT_STARTED)
    assert "Well done: 05 solved. Next is 06 Kata about limit." in screen(*katas, narrow=True).splitlines()
    assert "Well done" not in screen(*katas)


def test_everything_solved() -> None:
    text = screen(every(PASSED, 5, "pool"), every(PASSED, 6, "limit"))
    assert text.splitlines()[-1] == "Every kata is solved. Well done."
    assert "→" not in text


# The window


def _hostile(text: str) -> KataResult:
    finding = replace(
        FAILED,
        message=Message("{x}", {"x": text}),
        look=Message("{x}", {"x": text}),
        output=text,
        spot=Spot(f"/course/{text}.py", 1, text),
        timeline={
            "end": 3.0,
            "spans": [{"label": text, "start": 0.0, "end": 2.0, "how": "raised", "cleanup": None}],
            "mark": {"at": 2.0, "text": text},
        },
    )
    return result(
        finding, replace(finding, message=Message("other")), PASSED, of=kata(slug="limit", title=text, digest="x")
    )


LONG = [
    "word " * 60,
    "x" * 500,
    "漢字" * 90,
    "a漢" * 90,
    "e\u0301" * 200,
    "👩\u200d🔧" * 40,
    "\t\t" * 60 + "deep",
    "one\ntwo\n\n  three",
    "",
    "\x1b[2J\x1b]0;title\x07\r\b\x00\x7f\x9b\u202e\u2028",
]


@pytest.mark.parametrize("width", [80, 40, 100, 30])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
@pytest.mark.parametrize("text", LONG)
def test_no_line_is_wider_than_the_window(text: str, encoding: str, width: int) -> None:
    shown = screen(
        _hostile(text), every(FAILED, 7, "pool", digest="x"), every(PASSED, 8, text), width=width, encoding=encoding
    )
    assert max(map(cell_len, shown.split("\n"))) <= width
    assert "1 of 3" in shown or "1/3" in shown


def test_long_words_are_folded_and_nothing_is_lost() -> None:
    path = "/elsewhere/" + "folder/" * 30 + "x.py"
    text = screen(result(replace(FAILED, spot=Spot(path, 3, "boom()")), PASSED, PASSED))
    assert f"{Path(path)}:3" in text.replace("\n  ", "")


def test_a_line_stays_one_line() -> None:
    spot = Spot("/course/katas/06_limit/limit.py", 37, "first\nsecond")
    spans = [{**TIMELINE["spans"][0], "label": "one\ntwo"}]
    text = screen(result(replace(FAILED, spot=spot, timeline={**TIMELINE, "spans": spans}), PASSED, PASSED))
    assert "    first second" in text.splitlines()
    assert row(text, "one·two").startswith("  one·two  ████")


@pytest.mark.parametrize("width", range(1, 30))
def test_even_a_sliver_of_a_window_does_not_crash(width: int) -> None:
    shown = screen(_hostile("漢字 and more"), every(FAILED, 7, "pool"), width=width)
    assert max(map(cell_len, shown.split("\n"))) <= width


def test_a_wide_window_does_not_make_long_lines() -> None:
    shown = screen(_hostile("word " * 100), width=250)
    assert max(map(len, shown.split("\n"))) == 100


def test_control_characters_are_not_emitted(shown: Any) -> None:
    hostile = "\x1b[2J\x1b]0;title\x07\r\b\x00\x7f\x9b\u202e\u2066\u2028"
    text = shown(_hostile(hostile), narrow=False)
    assert "\\x1b[2J" in text
    assert {char for char in text if not char.isprintable()} == {"\n"}


def test_markup_is_not_interpreted(shown: Any) -> None:
    text = shown(_hostile("[bold]b[/bold] [/x] :warning: [link=http://x]"), tty=True)
    assert text.count("[bold]b[/bold] [/x] :warning:") >= 3
    assert "\x1b]8" not in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_signs_degrade_to_what_the_window_has(shown: Any, encoding: str) -> None:
    text = shown(result(PASSED, FAILED, NOT_STARTED), every(PASSED, 7, "pool"), encoding=encoding, narrow=False)
    assert text.startswith("#" * 13 + "." * 7 + "  solved 1 of 2 ")
    assert "\n> x 06 " in text
    assert "\n  + 07 " in text
    assert "fetch a  ####" in text
    assert "^ 2 in flight" in text
    assert "?" not in text


def test_a_foreign_letter_that_the_window_lacks_becomes_a_question_mark(shown: Any) -> None:
    odd = replace(FAILED, message=Message("got 'ł漢e\u0301é'"))
    assert "got '??eé'" in shown(result(odd, PASSED, PASSED), encoding="cp1252")
    assert "got 'ł漢e\u0301é'" in shown(result(odd, PASSED, PASSED))


def test_colour_only_in_a_terminal(shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = result(PASSED, FAILED, NOT_STARTED)
    coloured = shown(failing, tty=True)
    assert f"{ANSI}32m" in coloured
    assert ANSI not in shown(failing, tty=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert ANSI not in shown(failing, tty=True)


def test_width_is_the_terminal_s_or_80(shown: Any) -> None:
    failing = _hostile("word " * 60)
    assert max(len(line.rstrip()) for line in shown(failing, tty=False).splitlines()) in range(75, 81)
    in_window = shown(failing, tty=True)
    assert "word " * 8 in in_window
    assert "word " * 10 not in in_window


def test_environment_names_the_command(shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(every(PASSED, 6, "limit")).endswith("Other right answers: katas solution 06\n")
    monkeypatch.setenv("ASYNCIO_KATAS_COMMAND", "nox -s check --")
    assert shown(every(PASSED, 6, "limit")).endswith("Other right answers: nox -s solution -- 06\n")


def test_output_file_gets_plain_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("ASYNCIO_KATAS_COMMAND", raising=False)
    file = tmp_path / "report.txt"
    terminal.show(Report((result(PASSED, FAILED, NOT_STARTED),)), narrow=True, output=file)
    text = file.read_text(encoding="utf-8")
    assert text.startswith("██████░")
    assert text.endswith("katas check 06\n")
    assert ANSI not in text
    assert capsys.readouterr().out == ""


def test_unwritable_output_file_is_one_fact_and_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(KatasError) as caught:
        terminal.show(Report((result(PASSED, PASSED, PASSED),)), narrow=True, output=tmp_path / "missing" / "x.txt")
    assert str(tmp_path / "missing" / "x.txt") in str(caught.value.fact)
    assert str(caught.value.next_step) == "Next: choose another --output."


def test_chinese_is_broken_between_signs_and_beside_no_punctuation() -> None:
    """Chinese has no spaces to break at; no line begins with a comma or ends with an opening bracket."""
    said = Message("调用在结束时，还有（至少）三个请求在运行，`await gather()` 没有等它们。" * 3)
    rows = screen(result(replace(FAILED, message=said), PASSED, PASSED), width=44).splitlines()
    assert max(map(cell_len, rows)) <= 44
    block = [row.strip() for row in rows if re.search("[一-鿿]", row)][1:]
    assert "".join(block).replace(" ", "").count("没有等它们。") >= 3
    assert not [row for row in block if row[0] in "，。）" or row[-1] == "（"]
    # All but the last row are as full as they can be.
    assert all(cell_len(row) >= 44 - 2 - 8 for row in block[:-1] if "await" not in row)


def test_full_width_punctuation_needs_no_space_before_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Chinese, `下一步：打开 x，` and what follows stand in one line without a gap."""
    monkeypatch.setattr(language._speaker, "language", "zh-CN")
    text = screen(result(PASSED, FAILED, FAILED), width=100)
    assert "，然后运行：katas check" in text
