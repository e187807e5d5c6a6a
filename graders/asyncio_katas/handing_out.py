"""The commands that hand the course out. Each reads as a short list of named steps."""

from __future__ import annotations

from pathlib import Path

import click

from asyncio_katas import catalog, language
from asyncio_katas.exporting import classroom as template
from asyncio_katas.exporting import folder, published
from asyncio_katas.language import say

DONE = 0
_MADE = """{count} files are in {place}: {katas} katas, graded by {repository} at {version}.
Next: look at them, and push them to a repository that you mark as a template:
  cd {place} && git init -b main && git add . && git commit -m "asyncio katas\""""
_UNKNOWN = """This clone has no {version}, and the workflow grades with it.
Next: git tag {version} && git push origin {version}"""
_OTHER = """The katas or the grader here are not those of {version}, with which the workflow grades.
Next: git checkout {version}, and export from there."""


@click.group()
def export() -> None:
    """Hand the course out: without solutions, held-back checks, or what was answered here."""


@export.command()
@click.argument("place", metavar="DEST", type=click.Path(file_okay=False, path_type=Path))
@click.option("--katas", "words", multiple=True, help="Only these: numbers or names, with commas between them.")
@click.option("--course", "repository", metavar="OWNER/NAME",
              help="The course on GitHub, whose checks grade; where this clone came from otherwise.")  # fmt: skip
@click.option(
    "--at", "version", metavar="REF", help="The course's tag or commit to grade with; this version otherwise."
)
def classroom(place: Path, words: tuple[str, ...], repository: str | None, version: str | None) -> int:
    """Write a template repository for a class into DEST, a new or empty folder."""
    language.use("en")
    course = catalog.course_here()
    chosen = catalog.select(catalog.discover(course), [word for listed in words for word in listed.split(",") if word])
    clone = template.tree()
    source = published.find(clone, repository, version)
    files = template.files(chosen, course, clone, source)
    folder.fill(place, files)
    told = {"place": place, "repository": source.repository, "version": source.version}
    click.echo(say(_MADE, count=len(files), katas=len(chosen), **told))
    if not published.is_known(clone, source.version):
        click.echo(say(_UNKNOWN, **told))
    elif not published.is_same(clone, source.version):
        click.echo(say(_OTHER, **told))
    return DONE
