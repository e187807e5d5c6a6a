"""A learner's way through the miniature course: hints, fresh starts, others' answers, what comes next, the end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from asyncio_katas import keeping, learning, progress
from asyncio_katas.invocation import command
from asyncio_katas.progress import Progress

if TYPE_CHECKING:
    from conftest import Ran

Katas = Callable[..., "Ran"]
THROUGH_NOX = {"ASYNCIO_KATAS_COMMAND": "nox -s check --"}


def noted(course: Path) -> dict[str, Any]:
    """What is remembered of the course."""
    found: dict[str, Any] = json.loads((course / ".katas/progress.json").read_text(encoding="utf-8"))
    return found


def answer(course: Path, kata: str) -> Path:
    """The answer file of a kata."""
    return course / "katas" / kata / f"{kata[3:]}.py"


@pytest.fixture
def right(course: Path) -> str:
    """A text that solves every kata of the miniature course."""
    return answer(course, "01_passes").read_text(encoding="utf-8")


@pytest.fixture
def fresh(course: Path, right: str) -> Path:
    """The course with nothing begun."""
    assert right
    for folder in (course / "katas").iterdir():
        shutil.copyfile(course / ".stubs" / f"{folder.name[3:]}.py", answer(course, folder.name))
    return course


@pytest.fixture
def small(course: Path) -> Path:
    """The course with two katas: one is solved, one fails."""
    for folder in (course / "katas").iterdir():
        if folder.name not in {"01_passes", "02_fails"}:
            shutil.rmtree(folder)
    return course


# Hints


def test_hints_climb_the_ladder_of_the_failing_task(katas: Katas, course: Path) -> None:
    """Each call gives one rung more, of the first task that fails, and shows those before it."""
    first, second, third, again = (katas("hint", "2") for _ in range(4))
    assert "Task 2: Wait" in first.out
    assert "1. For how long?" in first.out
    assert "With the loop's clock." not in first.out
    assert "Hint 1 of 3. The next one: katas hint 02" in first.out
    assert second.out.index("1. For how long?") < second.out.index("2. With the loop's clock.")
    assert "3. Sleep, then return." in third.out
    assert "Hint 3 of 3, the last of this task." in third.out
    assert again.out == third.out
    assert {ran.code for ran in (first, second, third, again)} == {0}
    assert noted(course)["hints"] == {"fails": {"2": 3}}


def test_a_hint_for_the_kata_in_work(katas: Katas, course: Path) -> None:
    """Without a name it is the kata that was checked last, until that is solved; then the first that fails."""
    katas("check", "4")
    assert "04 A kata that hangs" in katas("hint").out
    shutil.copyfile(answer(course, "01_passes"), answer(course, "04_hangs"))
    assert "02 A kata that fails" in katas("hint").out


def test_a_solved_kata_needs_no_hint(katas: Katas, course: Path) -> None:
    """Nothing is given, or noted as taken, for what passes."""
    ran = katas("hint", "1", **THROUGH_NOX)
    assert "01 is solved; it needs no hint. Other answers to it: nox -s solution -- 01" in ran.out
    assert ran.code == 0
    assert noted(course)["hints"] == {}


def test_a_task_without_hints(katas: Katas, course: Path) -> None:
    """A task whose author gave none says so."""
    meta = course / "katas/02_fails/kata.toml"
    text = meta.read_text(encoding="utf-8")
    meta.write_text("\n".join(line for line in text.splitlines() if not line.startswith("hints")), encoding="utf-8")
    assert "has no hints. See where it stands: katas check 02" in katas("hint", "2").out


@pytest.mark.parametrize("verb", ["hint", "reset", "solution"])
def test_an_unknown_kata_names_the_command_to_repeat(katas: Katas, verb: str) -> None:
    """A slip of the pen is met with the same command and a better name, as it was called."""
    ran = katas(verb, "pases", **THROUGH_NOX)
    assert ran.code == 2
    assert ran.err == f"There is no kata 'pases'. Did you mean 'passes'?\nNext: nox -s {verb} -- passes\n"


# Fresh starts


def test_reset_keeps_what_was_written(katas: Katas, course: Path) -> None:
    """The stub is back, and the learner's text lies where the command says."""
    written = answer(course, "02_fails").read_bytes()
    ran = katas("reset", "2")
    assert ran.code == 0
    assert answer(course, "02_fails").read_bytes() == (course / ".stubs/fails.py").read_bytes()
    said = next(line for line in ran.out.splitlines() if line.startswith("Your text is in "))
    backup = course / said.removeprefix("Your text is in ")
    assert backup.read_bytes() == written
    assert f"{datetime.now().astimezone():%Y-}" in backup.name
    assert ran.out.rstrip().endswith("Next: katas check 02")
    assert katas("check", "2", "--format", "json").outcomes("fails") == ["not_started"] * 3


def test_reset_twice_in_a_second_keeps_both(course: Path, tmp_path: Path) -> None:
    """Backups of the same moment do not overwrite each other."""
    path = tmp_path / "answer.py"
    backups = []
    for text in ("one", "two", "three"):
        path.write_text(text, encoding="utf-8")
        backups.append(keeping.back_up(path, course))
    assert [backup.read_text(encoding="utf-8") for backup in backups] == ["one", "two", "three"]


def test_reset_of_a_stub_changes_nothing(katas: Katas, fresh: Path) -> None:
    """Where nothing was written there is nothing to keep."""
    ran = katas("reset", "2")
    assert ran.code == 2
    assert "is the stub already; nothing was changed." in ran.err
    assert not (fresh / ".katas/backups").exists()


def test_reset_brings_back_a_deleted_answer(katas: Katas, course: Path) -> None:
    """A file that is gone comes back; there is no text to keep."""
    answer(course, "02_fails").unlink()
    ran = katas("reset", "2")
    assert "fails.py is the stub again." in ran.out
    assert "Your text" not in ran.out
    assert answer(course, "02_fails").exists()


def test_reset_that_is_impossible_loses_nothing(katas: Katas, course: Path) -> None:
    """Without a stub, or with something else than a file in its place, nothing is touched."""
    written = answer(course, "02_fails").read_bytes()
    (course / ".stubs/fails.py").unlink()
    ran = katas("reset", "2")
    assert ran.code == 2
    assert f"Next: git checkout -- {Path('.stubs/fails.py')}" in ran.err
    assert answer(course, "02_fails").read_bytes() == written
    answer(course, "01_passes").unlink()
    answer(course, "01_passes").mkdir()
    ran = katas("reset", "1")
    assert ran.code == 2
    assert "could not be reset" in ran.err


# Others' answers


@pytest.fixture
def solved_in_two_ways(course: Path, right: str) -> Path:
    """The course with a reference and one more right answer to kata 01."""
    folder = course / "solutions/01_passes"
    (folder / "right").mkdir(parents=True)
    (folder / "passes.py").write_text(f'"""The straight way."""\n{right}', encoding="utf-8")
    (folder / "right/timer.py").write_text(f'"""With a timer of its own."""\n# \x1b[31m\n{right}', encoding="utf-8")
    shutil.copytree(folder, course / "solutions/02_fails")
    (course / "solutions/02_fails/passes.py").rename(course / "solutions/02_fails/fails.py")
    return course


@pytest.mark.usefixtures("solved_in_two_ways")
def test_solution_shows_others_after_one_s_own(katas: Katas) -> None:
    """One below the other: the learner's, the reference, the rest with what is different about them."""
    ran = katas("solution", "1")
    assert ran.code == 0
    places = [ran.out.index(said) for said in ("Yours\n", "The reference\n", "With a timer of its own.\n")]
    assert places == sorted(places)
    assert ran.out.count("async def greet") == 3
    assert "\x1b" not in ran.out


@pytest.mark.usefixtures("solved_in_two_ways")
def test_solution_stands_beside_one_s_own_in_a_wide_window(katas: Katas, course: Path) -> None:
    """Side by side, and in characters that the window has."""
    path = answer(course, "01_passes")
    path.write_text(f"# → mine\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    ran = katas("solution", "1", COLUMNS="160", TTY_COMPATIBLE="1", NO_COLOR="1", PYTHONIOENCODING="ascii", PAGER="cat")
    assert ran.code == 0, ran.err
    assert any(line.split() == ["Yours", "The", "reference"] for line in ran.out.splitlines())
    assert sum(line.count("async def greet") == 2 for line in ran.out.splitlines()) >= 1
    assert "# > mine" in ran.out


@pytest.mark.usefixtures("solved_in_two_ways")
def test_solution_is_shown_only_after_solving(katas: Katas) -> None:
    """Until every check passes it says what is missing, and shows nothing."""
    ran = katas("solution", "2")
    assert ran.code == 1
    assert "02 is not solved yet: 2 of 3 checks pass." in ran.out
    assert "Next: katas check 02" in ran.out
    assert "async def" not in ran.out


def test_solutions_that_are_absent(katas: Katas) -> None:
    """A course that came without solutions says so."""
    ran = katas("solution", "1")
    assert ran.code == 2
    assert f"There are no solutions of 01 here: {Path('solutions/01_passes')} does not exist." in ran.err


@pytest.mark.usefixtures("solved_in_two_ways")
def test_answers_begin_with_the_reference(course: Path) -> None:
    """First the reference, then the other right answers by name."""
    from asyncio_katas import catalog  # noqa: PLC0415 - here alone

    kata, other = catalog.discover(course)[0], catalog.discover(course)[2]
    assert [path.name for path in learning.answers(kata, course)] == ["passes.py", "timer.py"]
    assert learning.answers(other, course) == []


# The list, and the way on


def test_list_shows_every_kata(katas: Katas) -> None:
    """States are found out by running; hints come from what is remembered."""
    katas("hint", "2")
    ran = katas("list")
    assert ran.code == 0
    assert "solved 1 of 6" in ran.out
    assert sum("A kata that" in line for line in ran.out.splitlines()) == 6
    assert "→ ✗ 02 A kata that fails" in ran.out
    assert "Hints taken, by kata: 02: 1" in ran.out
    assert ran.out.rstrip().endswith("Next: katas check 02")
    assert len(ran.out.splitlines()) < 24


def test_next_goes_through_the_unsolved_katas(katas: Katas, fresh: Path, right: str) -> None:
    """Each call goes on to the next one that is not solved, and begins again after the last."""
    answer(fresh, "03_not_started").write_text(right, encoding="utf-8")
    names = []
    for _ in range(6):
        ran = katas("next")
        assert ran.code == 0
        names.append(ran.out.splitlines()[0])
        assert noted(fresh)["current"] in ran.out
    assert [name[8:10] for name in names] == ["01", "02", "04", "05", "06", "01"]


def test_next_names_what_to_open_and_to_run(katas: Katas, small: Path) -> None:
    """The question, the file, the command; and that it is the last one."""
    (small / "katas/02_fails/kata.toml").write_text(
        'prerequisites = ["01_passes"]\n' + (small / "katas/02_fails/kata.toml").read_text(encoding="utf-8"),
        encoding="utf-8",
    )
    ran = katas("next", **THROUGH_NOX)
    assert ran.out.splitlines() == [
        "Next is 02 A kata that fails, the last one.",
        f"The question: {Path('katas/02_fails/README.md')}",
        f"Your file: {Path('katas/02_fails/fails.py')}",
        "Check it: nox -s check -- 02",
    ]
    answer(small, "01_passes").write_text("", encoding="utf-8")
    katas("check", "1")
    assert "It is easier after: 01 A kata that passes" in katas("next").out


def test_the_current_kata_stays_in_work(katas: Katas, fresh: Path) -> None:
    """What a learner has checked last is what the report goes on with."""
    answer(fresh, "02_fails").write_text("", encoding="utf-8")
    assert "→ ! 02" in katas("check").out
    katas("check", "5")
    assert "→ · 05" in katas("check").out
    assert "→ · 05" in katas("list").out


# What is remembered


def test_first_solved_times_stay(katas: Katas, small: Path) -> None:
    """The moment a kata was first seen solved is kept, whatever becomes of it; others' answers are not noted."""
    katas("check")
    first = noted(small)["solved"]
    assert list(first) == ["passes"]
    assert datetime.fromisoformat(first["passes"]).tzinfo is not None
    shutil.copytree(small / "katas", small / "hand-in")
    shutil.copyfile(answer(small, "01_passes"), small / "hand-in/02_fails/fails.py")
    katas("check", "--submission", "hand-in")
    answer(small, "01_passes").write_text("", encoding="utf-8")
    katas("check", "1")
    assert noted(small)["solved"] == first
    assert "solved 0 of 2" in katas("list").out


BROKEN = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b'{"current": 5}',
    b'{"hints": {"fails": {"2": "x"}}}',
    b'{"hints": {"fails": 1}}',
    b'{"solved": {"fails": "yesterday"}}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_is_set_aside(course: Path, content: bytes) -> None:
    """Whatever stands in it, the program goes on with a fresh start, and keeps what stood there."""
    path = progress.path(course)
    path.parent.mkdir()
    path.write_bytes(content)
    loaded = progress.load(course)
    assert (loaded.current, loaded.hints, loaded.solved) == (None, {}, {})
    assert "could not be read" in str(loaded.notice)
    assert not path.exists()
    assert [aside.read_bytes() for aside in path.parent.glob("progress_broken_*.json")] == [content]


def test_a_broken_file_stops_no_check(katas: Katas, course: Path) -> None:
    """The verdict comes as always, with a notice."""
    (course / ".katas").mkdir()
    (course / ".katas/progress.json").write_text("{", encoding="utf-8")
    ran = katas("check", "1")
    assert ran.code == 0
    assert "could not be read and is now" in ran.err
    assert katas("check", "1").err == ""


def test_a_place_that_cannot_be_written_stops_no_check(katas: Katas, course: Path) -> None:
    """Where nothing can be noted the verdict comes all the same."""
    (course / ".katas").write_text("in the way", encoding="utf-8")
    ran = katas("check", "1")
    assert ran.code == 0
    assert "Solved." in ran.out
    assert "could not be" in ran.err
    ran = katas("hint", "2")
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_what_is_saved_is_loaded(course: Path) -> None:
    """Also of katas that this version of the course does not have; and the file reads like one."""
    saved = Progress("fails", {"gone": {"1": 2}}, {"gone": "2026-01-02T03:04:05+00:00"})
    progress.save(course, saved)
    assert progress.load(course) == saved
    assert '    "gone": {\n      "1": 2\n    }' in progress.path(course).read_text(encoding="utf-8")
    assert (course / ".katas/.gitignore").read_text(encoding="utf-8") == "*\n"


def test_deleting_everything_is_safe(katas: Katas, small: Path) -> None:
    """Without its notes the program knows what is solved as before."""
    before = katas("check").out
    shutil.rmtree(small / ".katas")
    assert katas("check").out == before


# The beginning, and the end


def test_first_steps(katas: Katas, fresh: Path) -> None:
    """Before anything is begun five lines say what to do, and the report fits a small window."""
    ran = katas("check", **THROUGH_NOX)
    lines = ran.out.splitlines()
    begin = lines.index("Welcome. Begin with any kata, for example with 01:")
    assert len(lines[begin:]) <= 5
    assert "3. run nox -s check -- 01 and read the first failure; repeat" in lines
    assert lines[-1] == "Stuck? nox -s hint -- 01   All katas: nox -s list"
    assert len(lines) < 24
    shutil.copyfile(fresh / ".stubs/fails.py", answer(fresh, "01_passes"))
    answer(fresh, "02_fails").write_text("async def greet(name):\n    return ''\n", encoding="utf-8")
    assert "Welcome" not in katas("check").out


def test_after_the_last_kata(katas: Katas, small: Path, right: str) -> None:
    """Everything is run again; then a summary is shown and kept, with a badge."""
    katas("hint", "2")
    katas("check")
    assert not (small / "summary").exists()
    answer(small, "02_fails").write_text(right, encoding="utf-8")
    ran = katas("check", "2")
    assert ran.code == 0
    assert ran.out.index("Solved.") < ran.out.index("Everything is run once more")
    assert ": 6 checks, 10 points, hints taken: 1." in ran.out
    assert f"Kept, with a badge, in {Path('summary/README.md')}" in ran.out
    text = (small / "summary/README.md").read_text(encoding="utf-8")
    today = noted(small)["solved"]["fails"]
    assert "All 2 katas solved" in text
    day = f"{datetime.fromisoformat(today).astimezone():%Y-%m-%d}"
    assert f"| 02 A kata that fails | {day} | 1 | 3 | 5 |" in text
    assert "![2 of 2 solved](badge.svg)" in text
    root = ET.parse(small / "summary/badge.svg").getroot()
    names = {child.tag.rpartition("}")[2]: child.text or "" for child in root}
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title desc"
    assert names["title"] == "asyncio katas: 2 of 2 solved"
    assert "6 checks" in names["desc"]
    assert "once more" not in katas("check").out


def test_a_kata_that_no_longer_passes_holds_the_summary_up(katas: Katas, small: Path, right: str) -> None:
    """What was solved once and is broken since is shown instead of a summary."""
    katas("check")
    answer(small, "01_passes").write_text("", encoding="utf-8")
    answer(small, "02_fails").write_text(right, encoding="utf-8")
    ran = katas("check", "2")
    assert ran.code == 0
    assert "Everything is run once more" in ran.out
    assert "→ ! 01 A kata that passes" in ran.out
    assert not (small / "summary").exists()
    answer(small, "01_passes").write_text(right, encoding="utf-8")
    assert "All 2 katas solved" in katas("list").out


def test_a_summary_that_was_edited_is_kept(katas: Katas, small: Path, right: str) -> None:
    """A summary is written anew, and what stood there before lies in the backups."""
    (small / "summary").mkdir()
    (small / "summary/README.md").write_text("My own words.", encoding="utf-8")
    answer(small, "02_fails").write_text(right, encoding="utf-8")
    katas("check")
    backups = [path.read_text(encoding="utf-8") for path in (small / ".katas/backups").iterdir()]
    assert backups == ["My own words."]
    assert "All 2 katas solved" in (small / "summary/README.md").read_text(encoding="utf-8")


def test_how_a_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the program was called: directly, or through nox, with two dashes only where something follows."""
    monkeypatch.delenv("ASYNCIO_KATAS_COMMAND", raising=False)
    assert [command("list"), command("hint", "06")] == ["katas list", "katas hint 06"]
    monkeypatch.setenv("ASYNCIO_KATAS_COMMAND", "nox -s check --")
    assert [command("list"), command("hint", "06")] == ["nox -s list", "nox -s hint -- 06"]
