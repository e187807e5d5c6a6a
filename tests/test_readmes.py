"""The examples in the katas' READMEs print what stands below them, on every Python."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n\n?```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
READMES = sorted((ROOT / "katas").glob("*/README.md"))


def examples() -> list[object]:
    """Return every program with the output it claims."""
    return [
        pytest.param(program, output, id=f"{path.parent.name}-{number}")
        for path in READMES
        for number, (program, output) in enumerate(EXAMPLE.findall(path.read_text(encoding="utf-8")), start=1)
    ]


@pytest.mark.parametrize(("program", "output"), examples())
def test_an_example_prints_what_it_says(tmp_path: Path, program: str, output: str) -> None:
    """A README's program runs as it stands and prints exactly the block below it."""
    script = tmp_path / "example.py"
    script.write_text(program, encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == output, done.stderr


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_every_kata_explains_itself(path: Path) -> None:
    """A kata's README has a running example, claims to run, how to run the kata, and links to the documentation."""
    text = path.read_text(encoding="utf-8")
    number = path.parent.name[:2]
    assert text.startswith(f"# {number} · ")
    assert len(EXAMPLE.findall(text)) >= 3
    assert f"nox -s check -- {number}" in text
    links = re.findall(r"\]\((http[^)]*)\)", text)
    assert links
    assert all(link.startswith("https://docs.python.org/3/") for link in links)
