"""The judge: a process that examines one answer without ever meeting it, and signs what it found.

Its order comes on standard input: which examination, of which answer, with which seed. Each finding leaves as one
line on standard output, with a keyed digest that proves whose line it is.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from asyncio_katas.children import FreshChild
from asyncio_katas.examine.channel import Broken, Channel, Gone, Silent
from asyncio_katas.examine.exam import Exam
from asyncio_katas.examine.scene import Judged
from asyncio_katas.examine.signing import sign
from asyncio_katas.examine.wire import Breach
from asyncio_katas.isolation.levels import Level
from asyncio_katas.lab.messages import Message
from asyncio_katas.records import Finding, Outcome

WORKER = "asyncio_katas.examine.worker"
# Of a worker that has gone silent this often there is nothing more to hear.
_MOST_SILENCES = 2
# How often each check is made, with other numbers each time.
DRAWS = 3
_PR_SET_DUMPABLE = 4


@dataclass(frozen=True)
class Order:
    """What a judge is to do. `root` is the folder of the staged `answer`; seed and key are hexadecimal.

    `level` says behind which layers the worker runs; `start_s` are the real seconds it has to import the answer,
    `patience_s` those it has to come to rest.
    """

    exam: str
    checks: list[str]
    answer: str
    root: str
    seed: str
    key: str
    level: str
    start_s: float
    patience_s: float


class Bench:
    """Where a worker is kept as long as it behaves, and replaced when it does not."""

    def __init__(self, order: Order, tell: Callable[[dict[str, Any]], None]) -> None:
        self._order, self._tell = order, tell
        self._channel: Channel | None = None
        self.silences = 0

    def channel(self) -> Channel:
        """Return the pipes to a worker that has imported the answer."""
        if self._channel is None:
            child = FreshChild(self._order.root, Level(self._order.level), WORKER)
            self._tell({"worker": child.pid})
            self._channel = Channel(child, self._order.patience_s)
            try:
                self._channel.load(self._order.answer, self._order.start_s)
            finally:
                self._tell({"layers": self._channel.layers})
        return self._channel

    def dismiss(self) -> int:
        """End the worker, if there is one; return its exit code."""
        channel, self._channel = self._channel, None
        return channel.end() if channel else 0


def main() -> None:
    """Examine what standard input says."""
    _keep_to_oneself()
    order = Order(**json.loads(sys.stdin.buffer.read()))
    key, number = bytes.fromhex(order.key), 0

    def tell(fact: dict[str, Any]) -> None:
        nonlocal number
        sys.stdout.buffer.write(sign(key, number, fact))
        sys.stdout.buffer.flush()
        number += 1

    checks = load(order.exam)
    # From here on, silence is the answer's fault.
    tell({"layers": []})
    bench = Bench(order, tell)
    try:
        for name in order.checks:
            if bench.silences >= _MOST_SILENCES:
                break
            tell({"check": name, "finding": asdict(examine(checks[name], name, bytes.fromhex(order.seed), bench))})
    finally:
        bench.dismiss()
    # A worker's output may still be waiting in a thread.
    os._exit(0)


def _keep_to_oneself() -> None:
    """Refuse other processes of the same user this one's memory and pipes, where the kernel offers that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def load(path: str) -> dict[str, Callable[[Exam], None]]:
    """Return the checks of an examination, by name."""
    spec = importlib.util.spec_from_file_location("examination", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if name.startswith("exam_")}


def examine(check: Callable[[Exam], None], name: str, seed: bytes, bench: Bench) -> Finding:
    """Let one check judge; only a check that came to its end without a word against the answer has passed."""
    try:
        # What one draw lets pass by chance, the next ones do not.
        for draw in range(DRAWS):
            check(Exam(bench.channel(), seed, f"{name} {draw}"))
    except Judged as judged:
        finding = Finding(judged.outcome, judged.message)
    except Breach as breach:
        finding = Finding(
            Outcome.TAMPERED,
            Message.of("The worker sent {what}: that was not the program this project started.", {"what": str(breach)}),
        )
    except Silent:
        bench.silences += 1
        finding = Finding(
            Outcome.TIMEOUT,
            Message("It never came to rest: it blocks the whole thread, or its process has stopped answering."),
        )
    except Broken as broken:
        values = {"error": json.dumps(broken.args[0])}
        finding = Finding(Outcome.ERROR, Message.of("The answer could not be imported: {error}", values))
    except Gone:
        code = bench.dismiss()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        finding = Finding(Outcome.ERROR, Message.of("The code ended the whole Python process ({how}).", {"how": how}))
    except Exception as error:  # noqa: BLE001 - whatever the worker brought about must not end the judge
        values = {"kind": type(error).__name__}
        finding = Finding(Outcome.ERROR, Message.of("What the worker sent could not be judged ({kind}).", values))
    else:
        return Finding(Outcome.PASSED)
    bench.dismiss()
    return finding


if __name__ == "__main__":
    main()
