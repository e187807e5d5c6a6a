"""The project's own noxfile and pyproject.toml, cut down to what those need who write answers.

They are cut rather than kept a second time, so that a dependency or a command is written down once.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator

_KEPT_TABLES = (
    "build-system",
    "project",
    "project.scripts",
    "tool.hatch.version",
    "tool.hatch.build.targets.wheel",
    "tool.pytest.ini_options",
)
_FOR_PUBLISHING = {"readme", "license", "license-files", "authors", "keywords", "classifiers"}
# What a session needs that makes an environment for an editor.
_FOR_EDITORS = "nox"
_OPENING = '"""Sessions: `check` is the default, and `nox --list` tells what else there is."""'


def pyproject(text: str, *, for_editors: bool = False) -> str:
    """Return the pyproject.toml of those who write answers: what the grader needs, and the settings of pytest.

    What a package says of itself where it is published is left out. `for_editors` keeps what makes an environment for
    an editor.
    """
    tables = re.split(r"(?m)^(?=\[)", _without_comments(text))
    kept = {_name(table): table.strip() for table in tables if _name(table) in _KEPT_TABLES}
    entries = re.split(r"(?m)^(?=[\w-]+ = )", kept["project"])
    kept["project"] = "".join(entry for entry in entries if entry.partition(" = ")[0] not in _FOR_PUBLISHING).strip()
    if for_editors:
        groups = tomllib.loads(text)["dependency-groups"]
        tools = [name for name in groups["dev"] if re.match(r"[\w-]+", name)[0] == _FOR_EDITORS]  # type: ignore[index]
        kept["project"] += f"\n\n[dependency-groups]\ndev = {tools}".replace("'", '"')
    return "\n\n".join(kept.values()) + "\n"


def noxfile(text: str) -> str:
    """Return the student's noxfile.py: the sessions for learners, and the one that serves their editor."""
    tree = ast.parse(text)
    learners = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and _names(node) == {"FOR_LEARNERS"}
    )
    dropped = [node for node in tree.body if _session(node) not in {None, "dev", *learners}]
    tree.body = [node for node in tree.body if node not in dropped]
    # What only the sessions of others have used.
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    dropped += [node for node in tree.body if _names(node) and all(_is_unused(name, used) for name in _names(node))]
    lines = text.splitlines(keepends=True)
    for first, last in sorted((_span(node, lines) for node in dropped), reverse=True):
        del lines[first:last]
    opening = tree.body[0]
    lines[opening.lineno - 1 : opening.end_lineno] = [f"{_OPENING}\n"]
    return "".join(lines)


def _name(table: str) -> str:
    return table.partition("]")[0].lstrip("[")


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)^#.*\n", "", text)


def _names(node: ast.stmt) -> set[str]:
    """Return the names that an assignment at the top level binds."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _is_unused(name: str, used: set[str]) -> bool:
    return name.startswith("_") and name not in used


def _session(node: ast.stmt) -> str | None:
    """Return the name of the session that a function is; None if it is none."""
    if not isinstance(node, ast.FunctionDef):
        return None
    for mark in node.decorator_list:
        if ast.unparse(mark).startswith("nox.session"):
            return next(_named(mark), node.name)
    return None


def _named(mark: ast.expr) -> Iterator[str]:
    for keyword in mark.keywords if isinstance(mark, ast.Call) else []:
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
            yield str(keyword.value.value)


def _span(node: ast.stmt, lines: list[str]) -> tuple[int, int]:
    """Return which lines a statement takes, with the comments and the empty lines in front of it."""
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    first = min([node.lineno, *(mark.lineno for mark in marks)]) - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    # A function is parted from what stands before it by empty lines of its own.
    while marks and first and not lines[first - 1].strip():
        first -= 1
    return first, node.end_lineno or node.lineno
