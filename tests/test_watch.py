"""`katas watch` as it is used: the real command in a terminal, keys, editors and their ways of saving."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals here", allow_module_level=True)

from pseudo import PATIENCE_S, PseudoTerminal

COMMAND = [sys.executable, "-P", "-m", "asyncio_katas", "watch"]
RIGHT = "import asyncio\n\n\nasync def greet(name: str) -> str:\n    return f'Hello, {name}'\n\n\n"
RIGHT += "async def wait(seconds: float) -> None:\n    await asyncio.sleep(seconds)\n"
WRONG = RIGHT.replace("sleep(seconds)", "sleep(seconds + 4)")
RUDE = RIGHT.replace("Hello", "Go away")
DOWN = "\x1b[B"

Watch = Callable[..., PseudoTerminal]

# Real terminals, children and saves: on a busy machine each step may take its time.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def small(course: Path) -> Path:
    """A course of three katas, without those that take their time to fail."""
    for folder in (course / "katas").iterdir():
        if folder.name[:2] not in {"01", "02", "03"}:
            shutil.rmtree(folder)
    return course


@pytest.fixture
def watch(small: Path) -> Watch:
    """The command in a terminal, in a small course."""
    return lambda *words, **how: PseudoTerminal([*COMMAND, *words], cwd=small, **how)


@pytest.fixture
def answer(small: Path) -> Path:
    """The answer that fails at first."""
    return small / "katas" / "02_fails" / "fails.py"


def at_rest(text: str) -> bool:
    """Tell whether a screen shows the first verdict, and nothing runs any more."""
    return "instead of 3" in text and "checking" not in text and "to go" not in text


def held(text: str, gate: Path) -> str:
    """Return an answer that can be imported only when the gate is there."""
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
    return wait + text


def test_the_first_screen_shows_the_first_failure_and_the_keys(watch: Watch) -> None:
    """Everything a learner needs is in a window of 80 columns and 24 lines."""
    with watch("02") as terminal:
        shown = terminal.until(lambda text: "solved 1 of 3" in text and "to go" not in text)
        rows = terminal.rows()
        assert "02 A kata that fails: katas/02_fails/fails.py" in rows[1]
        assert rows[2].startswith("✓ ✗✓  2 of 3 checks pass")
        assert rows[4] == "✗ wait: takes as long as it was told."
        assert "It ended at t=4 instead of 3." in rows[5]
        assert "▲ the end" in shown
        assert rows[-1] == "n next  p previous  l list  h hint  r reset  s solution  a all  q quit"
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.restored


def test_each_save_shows_the_verdict_on_what_was_saved(watch: Watch, answer: Path) -> None:
    with watch("02") as terminal:
        terminal.until("instead of 3")
        answer.write_text(RUDE, encoding="utf-8")
        terminal.until("Go away")
        answer.write_text(RIGHT, encoding="utf-8")
        terminal.until("Solved: all 3 checks pass.")
        answer.write_text(WRONG, encoding="utf-8")
        terminal.until("It ended at t=7 instead of 3.")


def test_there_is_no_going_on_unasked(watch: Watch, answer: Path) -> None:
    """A solved kata stays until the learner says next."""
    with watch("02") as terminal:
        terminal.until("instead of 3")
        answer.write_text(RIGHT, encoding="utf-8")
        terminal.until("Solved: all 3 checks pass.")
        terminal.until("solved 2 of 3")
        assert "n goes on to the next kata" in terminal.text()
        assert "02 A kata that fails" in terminal.text()
        terminal.press("n")
        terminal.until("03 A kata that not started")
        terminal.press("p")
        terminal.until("02 A kata that fails")
        terminal.press("\x1b[D")
        terminal.until("01 A kata that passes")


def test_the_list_leads_to_any_kata(watch: Watch) -> None:
    with watch("01") as terminal:
        terminal.until(lambda text: "solved 1 of 3" in text and "to go" not in text)
        terminal.press("l")
        terminal.until("→ ✓ 01")
        terminal.press(DOWN)
        terminal.until("→ ✗ 02")
        terminal.press("\r")
        terminal.until("02 A kata that fails: katas/02_fails/fails.py")


def test_saving_another_kata_goes_there(watch: Watch, answer: Path) -> None:
    with watch("01") as terminal:
        terminal.until("Solved: all 3 checks pass.")
        answer.write_text(RUDE, encoding="utf-8")
        terminal.until("Go away")
        assert "02 A kata that fails" in terminal.text()


def test_a_save_during_a_run_ends_that_run(watch: Watch, answer: Path, tmp_path: Path) -> None:
    """The run that waits for a gate nobody opens would never have ended by itself within its limit."""
    with watch("02") as terminal:
        terminal.until(at_rest)
        answer.write_text(held(RUDE, tmp_path / "never"), encoding="utf-8")
        terminal.until("checking…")
        answer.write_text(RIGHT, encoding="utf-8")
        terminal.until("Solved: all 3 checks pass.")


def test_keys_during_a_run_act_once_when_the_verdict_is_there(watch: Watch, answer: Path, tmp_path: Path) -> None:
    with watch("02") as terminal:
        terminal.until(at_rest)
        answer.write_text(held(RUDE, tmp_path / "gate"), encoding="utf-8")
        terminal.until("checking…")
        terminal.press("hhh")
        terminal.press("l")
        terminal.until("03 A kata that not started")
        terminal.press("l")
        shown = terminal.until("checking…")
        assert "Hint" not in shown
        (tmp_path / "gate").touch()
        shown = terminal.until("Hint")
        assert "Hint 1 of 3 for task 1: Whom?" in shown
        terminal.press("h")
        terminal.until("Hint 2 of 3 for task 1: With a string.")


def test_the_solution_opens_when_the_kata_is_solved(watch: Watch, small: Path, answer: Path) -> None:
    (small / "solutions" / "02_fails").mkdir(parents=True)
    (small / "solutions" / "02_fails" / "fails.py").write_text(f"# the reference\n{RIGHT}", encoding="utf-8")
    with watch("02") as terminal:
        terminal.until("instead of 3")
        terminal.press("s")
        terminal.until("The solution can be read here as soon as this kata is solved.")
        answer.write_text(RIGHT, encoding="utf-8")
        terminal.until("Solved: all 3 checks pass.")
        terminal.press("s")
        terminal.until("# the reference")
        terminal.press("\x1b")
        terminal.until("Solved: all 3 checks pass.")


def test_reset_asks_first_and_keeps_what_was_written(watch: Watch, small: Path, answer: Path) -> None:
    stub = (small / ".stubs" / answer.name).read_bytes()
    answer.write_text(RUDE, encoding="utf-8")
    with watch("02") as terminal:
        terminal.until("Go away")
        terminal.press("r")
        terminal.until("y: yes")
        terminal.press("n")
        terminal.until(lambda text: "y: yes" not in text)
        assert answer.read_text(encoding="utf-8") == RUDE
        terminal.press("r")
        terminal.until("y: yes")
        terminal.press("y")
        terminal.until("The stub is back.")
        terminal.until("Nothing has failed.")
        assert answer.read_bytes() == stub
        kept = [path for path in small.rglob("*") if path.is_file() and path.read_bytes() == RUDE.encode()]
        assert kept


def test_another_window_size_is_used_at_once(watch: Watch) -> None:
    with watch("02") as terminal:
        terminal.until("instead of 3")
        terminal.resize(40, 12)
        terminal.until(lambda text: "q quit" in text and all(len(row) <= 40 for row in text.split("\n")))
        assert "✗ wait: takes as long as it was told." in terminal.text()
        terminal.resize(120, 40)
        terminal.until("Task 2: Wait")


def test_a_long_screen_scrolls(watch: Watch) -> None:
    with watch("02", lines=14) as terminal:
        shown = terminal.until("more lines")
        assert "wait: no time is fine too." not in shown
        terminal.press(DOWN * 30)
        terminal.until("wait: no time is fine too.")


def test_a_new_verdict_is_read_from_its_beginning(watch: Watch, answer: Path) -> None:
    with watch("02", lines=14) as terminal:
        terminal.until("more lines")
        terminal.press(DOWN * 30)
        terminal.until("wait: no time is fine too.")
        answer.write_text(RIGHT, encoding="utf-8")
        terminal.until(lambda text: "Solved" in text and "Task 1" in text)


def test_no_colour_means_no_colour(watch: Watch) -> None:
    with watch("02", environment={"NO_COLOR": "1"}) as terminal:
        terminal.until("instead of 3")
        assert not re.search(rb"\x1b\[[0-9;]*m", terminal.raw)
    with watch("02") as terminal:
        terminal.until("instead of 3")
        assert re.search(rb"\x1b\[[0-9;]*m", terminal.raw)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_terminal_is_given_back_when_it_is_told_to_end(watch: Watch, end: signal.Signals) -> None:
    with watch("02") as terminal:
        terminal.until("instead of 3")
        terminal.process.send_signal(end)
        assert terminal.end() == 128 + end
        assert terminal.restored


def test_ctrl_c_in_the_middle_of_a_run(watch: Watch, answer: Path, tmp_path: Path) -> None:
    with watch("02") as terminal:
        terminal.until(at_rest)
        answer.write_text(held(RIGHT, tmp_path / "never"), encoding="utf-8")
        terminal.until("checking…")
        terminal.press("\x03")
        assert terminal.end() == 130
        assert terminal.restored


def test_suspended_and_taken_up_again(small: Path) -> None:
    """Ctrl-Z gives the terminal to the shell, and `fg` takes it back."""
    script = f"set -m; {shlex.join([*COMMAND, '02'])}; echo the shell again; read word; fg"
    with PseudoTerminal(["sh", "-c", script], cwd=small) as terminal:
        terminal.until(at_rest)
        terminal.press("\x1a")
        terminal.until(lambda _: b"the shell again" in terminal.raw)
        assert terminal.restored
        terminal.press("go on\n")
        terminal.until(lambda _: terminal.raw.count(b"\x1b[?1049h") == 2)
        terminal.press("n")
        terminal.until("03 A kata that not started")
        assert not terminal.restored
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.restored


def test_a_pasted_text_is_no_keys(watch: Watch) -> None:
    """Whoever pastes into the wrong window does not reset a kata."""
    with watch("02") as terminal:
        terminal.until("instead of 3")
        terminal.press("\x1b[200~for row in query:\n    yield row\n\x1b[201~")
        terminal.press("n")
        terminal.until("03 A kata that not started")


def test_a_grader_that_fails_gives_the_terminal_back(watch: Watch, small: Path) -> None:
    """A check file that cannot be staged is nobody's answer's fault."""
    with watch("02") as terminal:
        terminal.until(lambda text: "solved 1 of 3" in text and "to go" not in text)
        (small / "katas" / "02_fails" / "test_fails.py").unlink()
        terminal.press("\r")
        assert terminal.end() == 3
        assert terminal.restored
        assert b"The grader itself failed" in terminal.raw


def in_place(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def renamed_over(path: Path, text: str) -> None:
    """VS Code on some systems, PyCharm's safe write."""
    new = path.with_name(f"{path.name}___jb_tmp___")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def backup_then_new(path: Path, text: str) -> None:
    """Vim: the old file becomes the backup, a new one is written, the backup goes."""
    backup = path.with_name(f"{path.name}~")
    path.rename(backup)
    path.write_text(text, encoding="utf-8")
    backup.unlink()


def burst(path: Path, text: str) -> None:
    """Save, format on save, save again; and the times are touched afterwards."""
    path.write_text(f"{text}\n\n\n", encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    os.utime(path)
    os.utime(path)


def piece_by_piece(path: Path, text: str) -> None:
    """Truncated, then written in two pieces, the first of which is no Python."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text[: text.index("seconds: float") + 4])
        file.flush()
        os.fsync(file.fileno())
        file.write(text[text.index("seconds: float") + 4 :])


def truncated_first(path: Path, text: str) -> None:
    """Empty for a moment."""
    with path.open("w", encoding="utf-8") as file:
        os.fsync(file.fileno())
        os.utime(path)
        file.write(text)


class Lines:
    """The command without a terminal, and the verdicts it prints."""

    def __init__(self, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "02"], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8"
        )
        assert self.process.stdout is not None
        self.out = self.process.stdout
        self.all = ""

    def until(self, wanted: str) -> str:
        """Read up to a line with this text; return what came before it."""
        read = ""
        for line in self.out:
            read += line
            self.all += line
            if wanted in line:
                return read
        raise AssertionError(f"{wanted!r} was never printed:\n{self.all}")


@pytest.fixture
def lines(small: Path) -> Iterator[Lines]:
    """The command without a terminal."""
    running = Lines(small)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait(PATIENCE_S)
        running.out.close()


@pytest.mark.parametrize("save", [in_place, renamed_over, backup_then_new, burst, piece_by_piece, truncated_first])
def test_however_it_is_saved_there_is_one_verdict_on_the_latest_text(
    lines: Lines, answer: Path, save: Callable[[Path, str], None]
) -> None:
    """Each way of saving gives exactly one verdict, and the next save gives the next."""
    lines.until("instead of 3")
    for text, seen in ((RUDE, "Go away"), (WRONG, "It ended at t=7"), (RUDE, "Go away")):
        save(answer, text)
        assert lines.until(seen).count("checks pass.") == 1


def test_without_a_terminal_each_verdict_is_lines_of_text(lines: Lines, answer: Path) -> None:
    first = lines.until("▲ the end")
    assert "Watching katas/02_fails/fails.py" in first
    assert "✗ wait: takes as long as it was told." in first
    assert "\x1b" not in first
    answer.write_text("def greet(:\n", encoding="utf-8")
    lines.until("0 of 3 checks pass.")
    answer.unlink()
    lines.until("The answer file katas/02_fails/fails.py is missing.")
    answer.write_text(RIGHT, encoding="utf-8")
    assert "n goes on" not in lines.until("Solved: all 3 checks pass.")
    lines.process.send_signal(signal.SIGINT)
    assert lines.process.wait(PATIENCE_S) == 130


def test_where_nothing_is_reported_the_files_are_looked_at(watch: Watch, answer: Path) -> None:
    """A link to a file elsewhere: what happens to that file is reported to nobody who watches the course."""
    elsewhere = answer.parents[3] / "elsewhere.py"
    elsewhere.write_text(WRONG, encoding="utf-8")
    answer.unlink()
    answer.symlink_to(elsewhere)
    with watch("02") as terminal:
        terminal.until("It ended at t=7 instead of 3.")
        elsewhere.write_text(RUDE, encoding="utf-8")
        terminal.until("Go away")
        terminal.until("so the files are looked at every 0.1 seconds")
        elsewhere.write_text(RIGHT, encoding="utf-8")
        terminal.until("Solved: all 3 checks pass.")


def test_it_begins_where_the_learner_was(watch: Watch) -> None:
    with watch() as terminal:
        # Nothing is known yet: what was begun comes before what was not.
        terminal.until("02 A kata that fails: katas/02_fails/fails.py")
        terminal.press("n")
        terminal.until("03 A kata that not started")
        terminal.press("q")
        assert terminal.end() == 0
    with watch() as terminal:
        terminal.until("03 A kata that not started")


def test_a_kata_that_is_not_there(watch: Watch) -> None:
    with watch("zzz") as terminal:
        terminal.until("There is no kata 'zzz'.")
        assert terminal.process.wait(PATIENCE_S) == 2
