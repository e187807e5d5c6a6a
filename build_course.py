"""Build hook: put the course into the wheel, as published and nothing else.

Of a kata that is its questions, its checks and its `kata.toml`. What lies beside them as an answer may be solved
already, so the stub in `.stubs/` stands for it, and `solutions/` is never looked at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_OF_A_KATA = ("kata.toml", "README*.md", "test_*.py")
_PLACE = "asyncio_katas/course"


class CourseBuildHook(BuildHookInterface[Any]):
    """Adds the course's files to a wheel; an editable one finds them in the clone."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name every file with its place in the wheel."""
        if version == "editable":
            return
        root = Path(self.root)
        folders = sorted(meta.parent for meta in root.glob("katas/[0-9][0-9]_*/kata.toml"))
        found = [path for folder in folders for pattern in _OF_A_KATA for path in sorted(folder.glob(pattern))]
        stubs = [root / ".stubs" / f"{folder.name[3:]}.py" for folder in folders]
        build_data["force_include"] |= {
            str(path): f"{_PLACE}/{path.relative_to(root).as_posix()}" for path in [*found, *stubs]
        }
