"""One examination: stage the answer, have a judge examine it, and read what the judge has signed."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asyncio_katas import catalog, children, scoring, staging
from asyncio_katas.examine.judge import DRAWS, Order
from asyncio_katas.examine.signing import verify
from asyncio_katas.isolation.levels import Level
from asyncio_katas.lab.messages import Message
from asyncio_katas.protocol import clean
from asyncio_katas.records import Check, Finding, GraderFault, Kata, KataResult, KatasError, Observation, Outcome

# Real seconds a worker has to come to rest; an answer that is examined needs milliseconds.
PATIENCE_S = 10.0
# And to start and to import the answer; a busy machine starts a process slowly.
START_S = 30.0
SEED_BYTES = 16
_SCENES = 6
_EXAMINER = "examiner"
_END_S = 5.0
_JUDGE = "asyncio_katas.examine.judge"
_SILENT = Finding(Outcome.NOT_RUN, Message("No verdict arrived for this check."))
_FORGED = Finding(
    Outcome.TAMPERED, Message("Somebody other than the judge wrote into its report, so nothing in it counts.")
)


def exam_file(kata: Kata, course: Path) -> Path:
    """Return where a kata's examination is kept, whether or not there is one."""
    return course / "solutions" / kata.name / f"exam_{kata.slug}.py"


def examined(kata: Kata, course: Path) -> Kata:
    """Return the kata with the checks of its examination in place of those a learner sees."""
    path = exam_file(kata, course)
    if not path.exists():
        raise KatasError(
            "There is no examination of kata {kata}: {path} is missing.",
            "Next: choose a kata whose behaviour is visible from outside, such as 06.",
            kata=kata.name,
            path=path,
        )
    return dataclasses.replace(kata, checks=catalog.checks_of(path, len(kata.tasks), "exam_"))


def read_seed(path: Path | None) -> bytes:
    """Return the seed in a file, or a new one."""
    if path is None:
        return secrets.token_bytes(32)
    seed = path.read_bytes()
    if len(seed) < SEED_BYTES:
        raise KatasError(
            "The seed in {path} is too short to be a secret: it has {count} bytes.",
            "Next: head -c 32 /dev/urandom > {path}",
            path=path,
            count=len(seed),
        )
    return seed


def examine(
    kata: Kata,
    answer: Path,
    seed: bytes,
    course: Path,
    *,
    level: Level = Level.FULL,
    start_s: float = START_S,
    patience_s: float = PATIENCE_S,
) -> KataResult:
    """Examine an answer; the same seed gives the same examination. Nothing the answer does can raise here.

    Raises GraderFault where no judge came as far as to begin.
    """
    kata = examined(kata, course)
    with staging.stage() as root:
        assembly = staging.assemble_answer(kata, answer, root)
        observation = Observation(isolation=_EXAMINER)
        if not assembly.problem:
            began = time.monotonic()
            order = Order(
                exam=str(exam_file(kata, course).resolve()),
                checks=[check.id for check in kata.checks],
                answer=str(assembly.folder / f"{kata.slug}.py"),
                root=str(root),
                seed=seed.hex(),
                level=level,
                key=secrets.token_hex(32),
                start_s=start_s,
                patience_s=patience_s,
            )
            observation = observed(kata.checks, order, _ask(order))
            observation.duration_s = time.monotonic() - began
        return scoring.score([assembly], {kata.slug: observation}).katas[0]


def _ask(order: Order) -> bytes:
    """Return the judge's report, as far as it came in time."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-E", "-B", "-m", _JUDGE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=os.name != "nt",
        )
        limit_s = 2 * order.start_s + len(order.checks) * (DRAWS * _SCENES * order.patience_s)
        report = b""
        try:
            report, _ = process.communicate(json.dumps(dataclasses.asdict(order)).encode(), limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                report, _ = process.communicate(timeout=_END_S)
        if not report:
            errors.seek(0)
            complaint = errors.read()[-2000:].decode("utf-8", "replace").strip()
            raise GraderFault(f"The examination {order.exam} could not begin.\n{complaint}")
        return report


def observed(checks: Sequence[Check], order: Order, report: bytes) -> Observation:
    """Return what a report says of each check, and end what a judge that died has left behind."""
    layers = [_EXAMINER]
    key, known = bytes.fromhex(order.key), {check.id for check in checks}
    found: dict[str, Finding] = {}
    worker: int | None = None
    for number, line in enumerate(report.splitlines()):
        fact = verify(key, number, line)
        if fact is None:
            found = dict.fromkeys(known, _FORGED)
            break
        if "worker" in fact:
            worker = fact["worker"]
        elif "layers" in fact:
            layers = [_EXAMINER, *map(clean, fact["layers"])]
        elif fact["check"] in known:
            found[fact["check"]] = _finding(fact["finding"])
    if len(found) < len(known) and worker is not None and not children.portable():
        children.kill_group(worker)
    return Observation({check: found.get(check, _SILENT) for check in known}, ", ".join(layers))


def _finding(told: dict[str, Any]) -> Finding:
    message = told["message"]
    values = {name: clean(text) for name, text in message["values"].items()} if message else {}
    return Finding(Outcome(told["outcome"]), Message(message["template"], values) if message else None)
