"""The layers between a stranger's code and everything else, one by one, and what the levels of the command give."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran

from asyncio_katas import catalog
from asyncio_katas.isolation import landlock, vetting, warden
from asyncio_katas.isolation.alarm import EXIT_CODE
from asyncio_katas.isolation.levels import Level
from asyncio_katas.protocol import Journal
from asyncio_katas.records import Kata, Outcome
from asyncio_katas.sealing import new_key, sealer
from asyncio_katas.submission import grade

ROOT = Path(__file__).parent.parent
Katas = Callable[..., Ran]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
with_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


def run(program: str, *words: object, code: int = 0) -> str:
    """Run a program in a new interpreter, and return what it printed."""
    command = [sys.executable, "-P", "-c", program, *map(str, words)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


# Seals and alarms


def test_seals_fit_in_their_order_only() -> None:
    """Two sides with the same key agree as long as they say the same in the same order."""
    key = new_key()
    here, there = sealer(key), sealer(key)
    assert here(b"one") == there(b"one")
    assert here(b"two") == there(b"two")
    assert here(b"three") != there(b"four")
    assert sealer(key)(b"one") != sealer(new_key())(b"one")
    assert here(b"same") != here(b"same")


VERDICT = json.dumps({"event": "verdict", "check": "k::test_x", "outcome": "passed"}).encode()


def test_a_sealed_record_counts() -> None:
    """What the recorder has sealed is believed."""
    key = new_key()
    journal, seal = Journal(key), sealer(key)
    journal.feed(VERDICT + b" " + seal(VERDICT) + b"\n")
    assert journal.findings["k::test_x"].outcome is Outcome.PASSED
    assert journal.tampered is None


@pytest.mark.parametrize("line", [VERDICT, VERDICT + b" " + b"0" * 32, b"{", b'{"event": "end", "status": 0}'], ids=str)
def test_a_forged_record_is_tampering(line: bytes) -> None:
    """What nobody has sealed decides nothing but that somebody tampered."""
    journal = Journal(new_key())
    journal.feed(line)
    assert journal.findings == {}
    assert not journal.ended
    assert journal.tampered is not None
    assert journal.tampered.outcome is Outcome.TAMPERED


def test_a_record_cannot_be_said_again() -> None:
    """A record that was overheard fits no second time."""
    key = new_key()
    line = VERDICT + b" " + sealer(key)(VERDICT)
    journal = Journal(key)
    journal.feed(line)
    journal.feed(line)
    assert journal.tampered is not None


def test_an_alarm_needs_no_seal() -> None:
    """Anybody may raise the alarm; its text is a template with its values, like every other."""
    journal = Journal(new_key())
    journal.feed(b'{"event": "alarm", "message": {"template": "{x} was there", "values": {"x": "\\u001b[1m"}}}')
    assert journal.tampered is not None
    assert str(journal.tampered.message) == "\\x1b[1m was there"


def test_an_alarm_ends_the_process_even_unheard() -> None:
    """Where the journal was closed, the process ends all the same."""
    program = "from asyncio_katas.isolation.alarm import alarm_to; alarm_to(99)('x')"
    assert run(program, code=EXIT_CODE) == ""


# Vetting


@pytest.mark.parametrize(
    "text",
    [
        "import pytest",
        "from _pytest.runner import runtestprotocol",
        "import asyncio_katas.lab as lab",
        "import test_passes",
        "def f():\n    import ctypes",
        "from sys import modules",
        "import sys as s\ns.modules",
        "import importlib\nimportlib.import_module('py' + 'test')",
        "__import__('pytest')",
        "import asyncio\nasyncio.sleep = None",
        "import asyncio as a\ndel a.sleep",
        "import asyncio\nsetattr(asyncio.tasks, 'sleep', None)",
        "from asyncio import Semaphore\nSemaphore.acquire = None",
        "f.__globals__",
        "getattr(f, '__closure__')",
        "'{0.__globals__}'.format(f)",
        "import sys\nsys._getframe()",
        "from sys import _getframe",
    ],
)
def test_vetting_names_what_leads_into_the_grader(text: str) -> None:
    """Evidence is a sentence that names the line."""
    evidence = vetting.vet(text.encode())
    assert evidence is not None
    assert str(evidence).startswith(f"Line {evidence.values['line']} ")


@pytest.mark.parametrize(
    "text",
    [
        "import gc, inspect, sys, threading",
        "import asyncio\nclass S(asyncio.Semaphore):\n    acquire = None",
        "self.limit = 3",
        "import sys\nsys.stdout = None",
        '"""Says nothing of __globals__ in a sentence."""',
        "getattr(x, name)",
        "no python at all (",
        "\x00",
    ],
)
def test_vetting_lets_honest_text_pass(text: str) -> None:
    """What an answer may well contain is no evidence."""
    assert vetting.vet(text.encode()) is None


MOVED = """
import contextlib
from pathlib import Path
from asyncio_katas.isolation import guards
from asyncio_katas.lab.clock import VirtualLoop

def alarm(template, /, **values):
    raise SystemExit(template.format(**values))

def cut_in(moment):
    raise TimeoutError

guards.install(Path("passes.py"), Path("<string>"), set(), alarm)
loop = VirtualLoop()
loop.on_time.append(cut_in)
with contextlib.suppress(TimeoutError):
    loop.advance(2)
assert loop.time() == 2
vars(loop)["_now"] = 3.0
try:
    loop.time()
except SystemExit as evidence:
    print(evidence)
"""


def test_a_limit_that_cuts_in_while_the_clock_moves_is_no_tampering() -> None:
    """A moment that the lab itself has begun to set is nobody's doing; any other one is."""
    assert run(MOVED) == "passes.py touched `_now` of the event loop, which belongs to the grader.\n"


# Process, Landlock, warden


@on_linux
def test_a_process_forgets_what_it_inherited(tmp_path: Path) -> None:
    """The environment is a dozen names, descriptors are closed, and no privileges are left."""
    program = """if True:
        import os, sys
        from pathlib import Path
        from asyncio_katas.isolation import process
        os.environ["SECRET"] = "hush"
        file = os.open("/dev/null", os.O_RDONLY)
        process.forget(Path(sys.argv[1]), set())
        layers = process.limit()
        status = Path("/proc/self/status").read_text()
        try:
            os.fstat(file)
        except OSError:
            print("closed")
        print("SECRET" in os.environ, os.environ.get("TMPDIR") == sys.argv[1] or len(sys.argv[1]) > 60, layers)
        print([line.split()[1] for line in status.splitlines() if line.startswith(("CapEff", "NoNewPrivs"))])
    """
    lines = run(program, tmp_path).splitlines()
    assert lines == ["closed", "False True ['limits', 'no privileges']", "['0000000000000000', '1']"]


@with_landlock
def test_landlock_leaves_what_was_allowed(tmp_path: Path) -> None:
    """What is to be read can be read, the scratch folder can be written to, and everything else is refused."""
    for name in ("read", "listed", "scratch", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name, encoding="utf-8")
    program = """if True:
        import errno, os, socket, sys
        from pathlib import Path
        from asyncio_katas.isolation import landlock, process
        root = Path(sys.argv[1])
        process.limit()
        system = [Path(sys.prefix), Path(sys.base_prefix), Path("/usr"), Path("/lib")]
        layers = landlock.restrict([*system, root / "read"], [root / "listed"], [root / "scratch"])
        def tried(what):
            try:
                what()
            except OSError as error:
                return errno.errorcode[error.errno]
            return "done"
        print(tried((root / "read" / "file").read_text), tried(lambda: (root / "read" / "new").write_text("x")))
        print(tried(lambda: os.listdir(root / "listed")), tried((root / "listed" / "file").read_text))
        print(tried(lambda: (root / "scratch" / "new").write_text("x")), tried((root / "scratch" / "new").unlink))
        print(tried((root / "other" / "file").read_text), tried(lambda: os.listdir("/")))
        if "no network" in layers:
            assert tried(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])))) == "EACCES"
        if "no signals" in layers:
            assert tried(lambda: os.kill(os.getppid(), 0)) == "EPERM"
        print(layers[0])
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        lines = run(program, tmp_path, server.getsockname()[1]).splitlines()
    assert lines == ["done EACCES", "done EACCES", "done done", "EACCES EACCES", "files"]


WARDED = """if True:
    import os, signal, sys, time
    from pathlib import Path
    from asyncio_katas.isolation import warden
    warden.step_below(Path(sys.argv[1]), set())
"""


@on_linux
@pytest.mark.parametrize(("end", "code"), [("os._exit(7)", 7), ("os.kill(os.getpid(), signal.SIGKILL)", -9)])
def test_a_warden_ends_like_its_child(tmp_path: Path, end: str, code: int) -> None:
    """Whoever started it sees how the child ended."""
    run(WARDED + f"    {end}", tmp_path, code=code)


@on_linux
@pytest.mark.parametrize("how", ["left to itself", "told to end"])
def test_nothing_gets_away_from_a_warden(tmp_path: Path, how: str) -> None:
    """A process that has left its session, its parent and its signals behind ends with the rest."""
    program = (
        WARDED
        + """
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            Path(sys.argv[1], "new").write_text(str(os.getpid()))
            Path(sys.argv[1], "new").rename(Path(sys.argv[1], "pid"))
            time.sleep(600)
        os._exit(0)
    while not Path(sys.argv[1], "pid").exists():
        time.sleep(0.01)
    if sys.argv[2] == "told to end":
        time.sleep(600)
    os._exit(0)
"""
    )
    process = subprocess.Popen([sys.executable, "-P", "-c", program, str(tmp_path), how])
    if how == "told to end":
        while not (tmp_path / "pid").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
    process.wait(60)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text(encoding="utf-8")), 0)


LOOKED_AT = """
import itertools, sys, threading, time
from pathlib import Path
from asyncio_katas.isolation import warden
from asyncio_katas.lab import kernel
kernel.ask_through(warden.step_below(Path(sys.argv[1]), set()))

def longest_sleep(beside, seconds):
    threading.Thread(target=beside, daemon=True).start()
    asleep_s, deadline, longest = kernel.watch_sleep(), time.monotonic() + seconds, 0.0
    while longest < 1 and time.monotonic() < deadline:
        longest = max(longest, asleep_s())
        time.sleep(0.001)
    return longest

lock = threading.Lock()
lock.acquire()
print(longest_sleep(lock.acquire, 30) >= 1)
print(longest_sleep(lambda: [time.sleep(0.01) for _ in itertools.count()], 3) < 1)
"""


@on_linux
def test_a_warden_tells_how_long_threads_have_slept(tmp_path: Path) -> None:
    """Whoever may not ask the system asks the warden, whose answer is about the question that was asked last."""
    assert run(LOOKED_AT, tmp_path).split() == ["True", "True"]


@on_linux
@pytest.mark.parametrize(
    "much",
    [
        "for n in range(20): Path(sys.argv[1], str(n)).write_bytes(bytes(4_000_000))",
        f"any(os.fork() == 0 and time.sleep(600) for _ in range({warden.MAX_PROCESSES + 1}))",
    ],
    ids=["files", "processes"],
)
def test_a_warden_ends_what_is_too_much(tmp_path: Path, much: str) -> None:
    """Whoever fills the scratch folder, or the table of processes, is ended."""
    run(f"{WARDED}    {much}\n    time.sleep(600)", tmp_path, code=-9)


# Levels


def test_levels_are_in_order() -> None:
    """Each level has the layers of those before it."""
    levels = list(Level)
    assert [[level.includes(other) for other in levels].count(True) for level in levels] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("words", "environment", "layers", "not_these"),
    [
        ([], {}, {"process"}, {"limits", "vetted"}),
        (["--isolation", "process"], {}, {"process", "limits"}, {"files", "vetted"}),
        (["--isolation", "files"], {}, {"limits", "files"} if landlock.version() else set(), {"vetted"}),
        (["--isolate"], {}, {"vetted", "guarded", "tripwire"}, set()),
        (["--isolate"], {"ASYNCIO_KATAS_PORTABLE": "1"}, {"vetted", "guarded", "tripwire"}, set()),
    ],
    ids=["learner", "process", "files", "full", "portable"],
)
def test_the_report_says_what_was_in_force(
    katas: Katas, words: list[str], environment: dict[str, str], layers: set[str], not_these: set[str]
) -> None:
    """The level that was asked for decides on the layers, and never on the verdict."""
    kata = katas("check", "1", *words, "--format", "json", **environment).kata("passes")
    found = set(kata["isolation"].split(", "))
    assert layers <= found
    assert not not_these & found
    assert kata["outcome"] == "passed"


@pytest.mark.parametrize("portable", ["", "1"], ids=["fork", "portable"])
@pytest.mark.parametrize("attack", ["skips_by_import", "patches_expect", "walks_frames_in_pieces", "forges_records"])
def test_tampering_is_told(katas: Katas, course: Path, attack: str, portable: str) -> None:
    """The terminal says what was tried, and that it costs the points; also without what only POSIX has."""
    text = (ROOT / "tests" / "attacks" / f"{attack}.py").read_bytes()
    (course / "katas" / "01_passes" / "passes.py").write_bytes(text)
    environment = {"ASYNCIO_KATAS_PORTABLE": portable}
    kata = katas("check", "1", "--isolate", "--format", "json", **environment).kata("passes")
    assert (kata["outcome"], kata["points"]) == ("tampered", 0)
    told = katas("check", "1", "--isolate", **environment)
    assert told.code == 1
    assert "earns no points" in " ".join(told.out.split())


# No false alarms


@pytest.mark.parametrize("kata", catalog.discover(ROOT), ids=lambda kata: str(kata.slug))
def test_honest_answers_raise_no_alarm(kata: Kata, tmp_path: Path) -> None:
    """A stub, the reference and an answer of another structure have the verdict they have without the layers.

    `katas verify --isolate` shows the same of every answer there is.
    """
    assert grade([kata], ROOT / "katas", isolate=True).katas[0].outcome is Outcome.NOT_STARTED
    assert grade([kata], ROOT / "solutions", isolate=True).katas[0].outcome is Outcome.PASSED
    other = max((ROOT / "solutions" / kata.name / "right").glob("*.py"))
    (tmp_path / f"{kata.slug}.py").write_bytes(other.read_bytes())
    assert grade([kata], tmp_path, isolate=True).katas[0].outcome is Outcome.PASSED


CALLER = """
import gc, os, weakref
from pathlib import Path
from asyncio_katas.isolation import tripwire

class Thing: pass

def call():
    thing = Thing()
    open(os.devnull).close()
    return weakref.ref(thing)

tripwire.install(Path(__file__), [Path(os.devnull)], set(), lambda *_, **__: None)
gc.disable()
print(call()() is None)
"""


def test_the_tripwire_keeps_nothing_alive(tmp_path: Path) -> None:
    """What a function held is gone when it returns, though the hook has looked at its frame."""
    program = tmp_path / "caller.py"
    program.write_text(CALLER, encoding="utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
