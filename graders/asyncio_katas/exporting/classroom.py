"""A template repository for a class: the katas, the grader, and a workflow that grades with the course's own checks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from asyncio_katas import learning
from asyncio_katas.exporting import clone, grader, trimming
from asyncio_katas.exporting.published import Published
from asyncio_katas.invocation import restoring
from asyncio_katas.records import Kata, KatasError

_TEMPLATES = Path(__file__).parent / "templates" / "classroom"
_CONTAINER = ".devcontainer/devcontainer.json"
_LANGUAGES = {"README.md": "README.md", "README.zh-CN.md": "README.zh-CN.md"}


def files(katas: Sequence[Kata], course: Path, published: Published) -> dict[str, bytes]:
    """Return the whole repository, by path: these katas as they were published, whatever was answered here."""
    values = {
        "course": published.repository,
        "version": published.version,
        "numbers": " ".join(f"{kata.number:02}" for kata in katas),
        "number": f"{katas[0].number:02}",
        "answer": f"katas/{katas[0].name}/{katas[0].slug}.py",
    }
    # What a student has no use for in the grader is public too, and imported by nothing they run.
    found = grader.whole() | clone.as_they_are()
    found |= {name: _filled(name, katas, values) for name in _LANGUAGES}
    found[".github/workflows/grade.yml"] = _template("grade.yml").format_map(values).encode()
    found[_CONTAINER] = _container(katas[0])
    found["noxfile.py"] = trimming.noxfile(clone.text("noxfile.py")).encode()
    found["pyproject.toml"] = trimming.pyproject(clone.text("pyproject.toml"), for_editors=True).encode()
    for kata in katas:
        if kata.changed:
            raise KatasError(
                "{path} is not as it was published, and the workflow would grade by other checks.",
                "Next: {command}",
                path=kata.check_file,
                command=restoring(kata.check_file),
            )
        found |= learning.handed_out(kata, course)
    return dict(sorted(found.items()))


def _filled(name: str, katas: Sequence[Kata], values: dict[str, str]) -> bytes:
    """Return a README with the list of katas, each by the title of its own README in that language."""
    lines = []
    for kata in katas:
        page = kata.folder / _LANGUAGES[name]
        page = page if page.exists() else kata.folder / "README.md"
        title = _text(page).partition("\n")[0].lstrip("# ") if page.exists() else kata.title
        lines.append(f"- [{title}](katas/{kata.name}/{page.name})")
    return _template(name).format_map(values | {"katas": "\n".join(lines)}).encode()


def _container(first: Kata) -> bytes:
    container = json.loads(clone.text(_CONTAINER))
    pages = ["README.md", f"katas/{first.name}/README.md"]
    container["customizations"]["codespaces"]["openFiles"] = pages
    return f"{json.dumps(container, indent=2)}\n".encode()


def _template(name: str) -> str:
    return _text(_TEMPLATES / name)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
