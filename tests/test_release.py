"""The files that release a version, and that open the course in a browser."""

from __future__ import annotations

import json
import re

from conftest import ROOT

from asyncio_katas import __version__

RELEASE = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_changelog_keeps_its_shape() -> None:
    """Sections are versions with their day, newest first, and what they hold stands below a known heading."""
    versions = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", CHANGELOG, re.MULTILINE)
    names = [name for name, _ in versions]
    assert names[0] == "Unreleased"
    assert all(day for name, day in versions if name != "Unreleased")
    numbers = [tuple(map(int, name.split("."))) for name in names[1:]]
    assert numbers == sorted(numbers, reverse=True)
    assert not numbers or names[1] == __version__
    kinds = re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_actions_are_pinned() -> None:
    """Every action of every workflow is pinned to a commit and says which version that is; an image says its own."""
    workflows = [path.read_text(encoding="utf-8") for path in (ROOT / ".github/workflows").glob("*.yml")]
    used = {found for text in workflows for found in re.findall(r"uses: (\S+)(.*)$", text, re.MULTILINE)}
    assert len(used) == 7
    for action, version in used:
        if not re.fullmatch(r"docker://[\w/-]+:\d+\.\d+\.\d+", action):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
            assert re.fullmatch(r" # v\d+(\.\d+\.\d+)?", version)


def test_a_release_is_made_with_little_leave() -> None:
    """Only the job that publishes may speak for us, and none keeps a secret."""
    assert "\npermissions: {}\n" in RELEASE
    assert re.findall(r"^    permissions:\n((?:      .+\n)+)", RELEASE, re.MULTILINE) == [
        "      contents: read\n",
        "      id-token: write\n",
    ]
    assert "secrets." not in RELEASE
    # What somebody else chose, the name of a tag, reaches a shell as a variable only.
    scripts = re.findall(r"run: (?:\|\n((?: {10}.*\n)+)|(.+)\n)", RELEASE)
    assert scripts
    assert not [script for script in scripts if "${{" in "".join(script)]


def test_the_course_opens_in_a_browser() -> None:
    """The development container runs sessions there are, and points the editor at the environment they make."""
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    sessions = re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE)
    made = re.findall(r"nox -s (\w+)", container["onCreateCommand"])
    assert made == ["dev"]
    assert set(made) <= set(sessions)
    code = container["customizations"]["vscode"]["settings"]
    assert code["python.defaultInterpreterPath"].endswith("/.venv/bin/python")
    assert all((ROOT / path).exists() for path in container["customizations"]["codespaces"]["openFiles"])
    assert all((ROOT / path).exists() for path in code["python.testing.pytestArgs"])
