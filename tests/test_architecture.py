"""The house: which way dependencies run."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "graders" / "asyncio_katas"

# Each module, with what it may import of the package. `lab` stands for everything in lab/.
MAY_IMPORT = {
    "lab": {"lab"},
    "invocation": set[str](),
    "records": {"lab"},
    "isolation": {"", "lab", "isolation"},
    "sealing": set[str](),
    "keeping": {"records"},
    "language": set[str](),
    "localisation": {"lab", "records", "language"},
    "catalog": {"invocation", "records"},
    "variants": {"catalog", "invocation", "learning", "records"},
    "staging": {"records"},
    "protocol": {"lab", "records", "sealing"},
    "child": {"isolation", "lab", "protocol", "sealing"},
    "children": {"child", "isolation", "protocol", "staging"},
    "running": {"children", "isolation", "lab", "protocol", "records", "sealing", "staging"},
    "scoring": {"invocation", "lab", "records", "staging"},
    "submission": {"children", "isolation", "records", "running", "scoring", "staging"},
    "examine": {"catalog", "children", "examine", "isolation", "lab", "protocol", "records", "scoring", "staging"},
    "marks": {"lab", "records"},
    "marking": {
        "",
        "catalog",
        "examine",
        "invocation",
        "isolation",
        "lab",
        "learning",
        "marking",
        "marks",
        "protocol",
        "records",
        "scoring",
        "staging",
        "submission",
        "variants",
    },
    "progress": {"lab", "keeping", "records"},
    "learning": {"invocation", "keeping", "progress", "records"},
    "updating": {"keeping", "invocation", "records"},
    "initialising": {"", "catalog", "invocation", "keeping", "learning", "records", "updating"},
    "rendering": {
        "lab",
        "keeping",
        "invocation",
        "language",
        "learning",
        "marks",
        "progress",
        "protocol",
        "records",
        "rendering",
        "updating",
    },
    "watch": {
        "catalog",
        "children",
        "language",
        "learning",
        "localisation",
        "progress",
        "records",
        "rendering",
        "running",
        "scoring",
        "staging",
        "watch",
    },
    "exporting": {
        "",
        "catalog",
        "exporting",
        "invocation",
        "keeping",
        "learning",
        "marking",
        "marks",
        "records",
        "variants",
    },
    "verifying": {"catalog", "isolation", "lab", "learning", "marking", "records", "staging", "submission", "variants"},
    "commands": {
        "catalog",
        "initialising",
        "invocation",
        "isolation",
        "keeping",
        "localisation",
        "submission",
        "learning",
        "progress",
        "records",
        "rendering",
        "updating",
    },
    "teaching": {
        "catalog",
        "invocation",
        "keeping",
        "language",
        "marking",
        "marks",
        "records",
        "rendering",
        "variants",
    },
    "handing_out": {
        "",
        "catalog",
        "exporting",
        "invocation",
        "keeping",
        "language",
        "marking",
        "marks",
        "records",
        "variants",
    },
    "cli": {
        "",
        "catalog",
        "commands",
        "examine",
        "handing_out",
        "invocation",
        "isolation",
        "keeping",
        "language",
        "localisation",
        "submission",
        "learning",
        "progress",
        "records",
        "rendering",
        "staging",
        "teaching",
        "verifying",
        "watch",
    },
    "__main__": {"cli"},
    "": set[str](),
}


def imports(path: Path) -> set[str]:
    """Return the parts of the package a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "asyncio_katas":
            found |= {alias.name if not alias.name.startswith("__") else "" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("asyncio_katas."):
            found.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("asyncio_katas.")}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_dependencies_run_one_way(path: Path) -> None:
    """A module imports only what stands before it."""
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py").removesuffix("__init__") or ""
    part = "__main__" if path.name == "__main__.py" else part
    assert imports(path) <= MAY_IMPORT[part]


def test_katas_use_the_lab_alone() -> None:
    """A check imports the lab and its kata, a held-back one too; an examination imports the examiner."""
    for path in sorted((ROOT / "katas").glob("*/*.py")):
        assert imports(path) <= {"lab"}, path
    for path in sorted((ROOT / "solutions").rglob("*.py")):
        theirs = (
            {"examine"} if path.name.startswith("exam_") else {"lab"} if path.stem.endswith("_held_back") else set()
        )
        assert imports(path) <= theirs, path


def test_the_worker_holds_nothing_of_the_judge() -> None:
    """The process that imports an answer has nothing of the program in it but the worker, and what confines it."""
    assert imports(PACKAGE / "examine" / "worker.py") == {"isolation"}
    assert not imports(PACKAGE / "examine" / "__init__.py")


def test_no_conftest_and_unique_names() -> None:
    """No kata has a conftest, and no two files are imported under the same name, or under a standard one."""
    files = sorted((ROOT / "katas").glob("*/*.py"))
    assert not [path for path in files if path.name == "conftest.py"]
    names = [path.stem for path in files]
    assert len(names) == len(set(names))
    assert not set(names) & sys.stdlib_module_names
