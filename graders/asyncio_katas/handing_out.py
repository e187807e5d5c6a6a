"""The commands of those who hand something out. Each reads as a short list of named steps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from asyncio_katas import catalog, keeping, language, variants
from asyncio_katas.exporting import classroom as template
from asyncio_katas.exporting import clone, folder, published
from asyncio_katas.exporting import takehome as takehomes
from asyncio_katas.invocation import SOLVED, command
from asyncio_katas.language import say
from asyncio_katas.marking import gradebook, secret
from asyncio_katas.marks import HandedOut
from asyncio_katas.records import Kata, KatasError

_ZIPPED = """\
{dest} is ready: {katas}{candidate}.
Keep {key}: whoever has it can write manifests, and without it none can be told from a forgery.
When it comes back: {command}"""
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
    # Those who hand something out read English so far.
    language.use("en")


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
    course = catalog.course_here()
    chosen = catalog.select(catalog.discover(course), catalog.listed(words))
    tree = clone.tree()
    source = published.find(tree, repository, version)
    files = template.files(chosen, course, source)
    folder.fill(place, files)
    told = {"place": place, "repository": source.repository, "version": source.version}
    click.echo(say(_MADE, count=len(files), katas=len(chosen), **told))
    if not published.is_known(tree, source.version):
        click.echo(say(_UNKNOWN, **told))
    elif not published.is_same(tree, source.version):
        click.echo(say(_OTHER, **told))
    return SOLVED


@export.command()
@click.argument("dest", metavar="DEST.zip", type=click.Path(path_type=Path))
@click.option("--katas", "words", multiple=True,
              help="These katas, with commas between them; otherwise those that have variants.")  # fmt: skip
@click.option("--candidate", default="", help="Whom it is for; the variants depend on it.")
@click.option("--minutes", type=click.IntRange(min=1), help="The time given, from now on.")
@click.option("--seed-file", type=click.Path(dir_okay=False, path_type=Path),
              help="The secret that variants are chosen by; made if it does not exist. Otherwise the key.")  # fmt: skip
@click.option("--key-file", type=click.Path(dir_okay=False, path_type=Path), default=Path("takehome.key"),
              show_default=True, help="The key that manifests are sealed with; made if it does not exist.")  # fmt: skip
def takehome(
    dest: Path, *, words: tuple[str, ...], candidate: str, minutes: int | None, seed_file: Path | None, key_file: Path
) -> int:
    """Write a take-home test for one candidate into DEST.zip."""
    course = catalog.course_here()
    every = catalog.discover(course)
    chosen = _chosen(every, course, catalog.listed(words))
    _expect_free(dest)
    key = secret.kept(key_file, "--key-file")
    seed = secret.kept(seed_file, "--seed-file") if seed_file else key
    with variants.others(every, course) as others:
        version = gradebook.version([*every, *others])
    drawn = takehomes.draw(chosen, course, seed, candidate)
    out = HandedOut(candidate, datetime.now(UTC).replace(microsecond=0), minutes, version, drawn)
    _write(dest, takehomes.pack(takehomes.files(chosen, course, out, key), dest.stem, out.at))
    named = ", ".join(f"{kata.number:02} {drawn[kata.slug]}" for kata in chosen)
    whom = say(" for {candidate}", candidate=candidate) if candidate else ""
    again = command("grade", "submissions/", "--key-file", str(key_file))
    click.echo(say(_ZIPPED, dest=dest, katas=named, candidate=whom, key=key_file, command=again))
    return SOLVED


def _chosen(every: list[Kata], course: Path, words: list[str]) -> list[Kata]:
    if words:
        return catalog.select(every, words, "export")
    found = [kata for kata in every if len(variants.offered(kata, course)) > 1]
    if not found:
        raise KatasError(
            "No kata here has variants.",
            "Next: name the katas of the test: {command}",
            command=command("export", "takehome", "DEST.zip", "--katas", f"{every[0].number:02}"),
        )
    return found


def _expect_free(dest: Path) -> None:
    if dest.suffix.lower() != ".zip":
        raise KatasError(
            "{dest} is not called like a zip archive.", "Next: name it {name}.", dest=dest, name=f"{dest}.zip"
        )
    if dest.exists():
        raise KatasError(
            "{dest} exists already, and was not touched.",
            "Next: choose a name that is free, or delete it first.",
            dest=dest,
        )


def _write(dest: Path, content: bytes) -> None:
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        keeping.write(dest, content)
    except OSError as error:
        raise KatasError(
            "{dest} cannot be written: {why}.", "Next: choose another place.", dest=dest, why=error.strerror
        ) from None
