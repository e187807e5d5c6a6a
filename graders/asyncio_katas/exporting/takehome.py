"""A take-home: a zip with some katas in the candidate's variants, what checks them, and a sealed manifest."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from asyncio_katas import __version__, catalog, variants
from asyncio_katas.exporting import clone, grader, trimming
from asyncio_katas.marking import manifest
from asyncio_katas.marking.manifest import Manifest
from asyncio_katas.marks import HandedOut
from asyncio_katas.records import Kata

_TEMPLATES = Path(__file__).parent / "templates" / "takehome"
_LIMIT = (
    "You have **$minutes minutes**, counted from $at.\n"
    "An answer that comes later is graded too; the report says how late it was."
)
_NO_LIMIT = "There is no time limit."
_QUESTION = """\
# $number · $title

Everything that is asked for stands in [`$slug.py`]($slug.py): edit that file, and no other.
The checks are in [`test_$slug.py`](test_$slug.py); read them as you like.

$tasks

```console
python -m asyncio_katas check $number
```
"""


def draw(katas: Sequence[Kata], course: Path, seed: bytes, candidate: str) -> dict[str, str]:
    """Return a candidate's variant of each kata, by slug."""
    return {kata.slug: variants.chosen(kata, course, seed, candidate) for kata in katas}


def files(katas: Sequence[Kata], course: Path, out: HandedOut, key: bytes) -> dict[str, bytes]:
    """Return all that a candidate gets, by its path, with a manifest of it that is sealed with the key."""
    found = grader.part() | clone.as_they_are()
    found["noxfile.py"] = (_TEMPLATES / "noxfile.txt").read_bytes()
    found["pyproject.toml"] = trimming.pyproject(clone.text("pyproject.toml")).encode()
    with TemporaryDirectory(prefix="katas-takehome-") as root:
        placed = [variants.lay_out(kata, course, out.variants[kata.slug], Path(root)) for kata in katas]
        found["INSTRUCTIONS.md"] = _instructions(placed, out)
        for kata in placed:
            stub = (kata.folder / f"{kata.slug}.py").read_bytes()
            found[f".stubs/{kata.slug}.py"] = found[f"katas/{kata.name}/{kata.slug}.py"] = stub
            found[f"katas/{kata.name}/{kata.check_file.name}"] = kata.check_file.read_bytes()
            found[f"katas/{kata.name}/kata.toml"] = _without_hints(kata)
            found[f"katas/{kata.name}/README.md"] = _question(kata)
    digests = {path: catalog.digest_of(content) for path, content in sorted(found.items())}
    found[manifest.NAME] = manifest.sealed(Manifest(out, __version__, digests), key)
    return found


def pack(contents: Mapping[str, bytes], folder: str, at: datetime) -> bytes:
    """Return a zip archive that unpacks to one folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(contents.items()):
            member = zipfile.ZipInfo(f"{folder}/{path}", at.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o100644 << 16
            archive.writestr(member, content)
    return stream.getvalue()


def _instructions(katas: Sequence[Kata], out: HandedOut) -> bytes:
    rows = []
    for kata in katas:
        points = sum(kata.points(check) for check in kata.checks)
        rows.append(f"| {kata.number:02} | {kata.title} | `katas/{kata.name}/{kata.slug}.py` | {points} |")
    at = f"{out.at:%Y-%m-%d %H:%M} UTC"
    time = Template(_NO_LIMIT if out.minutes is None else _LIMIT).substitute(minutes=out.minutes, at=at)
    text = Template((_TEMPLATES / "INSTRUCTIONS.md").read_text(encoding="utf-8"))
    who = f"for {out.candidate}, " if out.candidate else ""
    first = f"{katas[0].number:02}"
    return text.substitute(who=who, at=at, time=time, katas="\n".join(rows), first=first).encode()


def _question(kata: Kata) -> bytes:
    number = f"{kata.number:02}"
    tasks = "\n".join(f"{task.number}. {task.title} (each check counts {task.points})" for task in kata.tasks)
    return Template(_QUESTION).substitute(number=number, title=kata.title, slug=kata.slug, tasks=tasks).encode()


def _without_hints(kata: Kata) -> bytes:
    # A string of JSON is one of TOML too.
    lines = [f"title = {_quoted(kata.title)}", f"checks_sha256 = {_quoted(kata.digest)}"]
    for task in kata.tasks:
        lines += ["", "[[tasks]]", f"title = {_quoted(task.title)}", f"points = {task.points}"]
    return "\n".join([*lines, ""]).encode()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
