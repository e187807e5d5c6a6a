"""The commands of those who hand something out. Each reads as a short list of named steps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from asyncio_katas import catalog, keeping, language, variants
from asyncio_katas.exporting import takehome as takehomes
from asyncio_katas.invocation import SOLVED, command
from asyncio_katas.language import say
from asyncio_katas.marking import gradebook, secret
from asyncio_katas.marks import HandedOut
from asyncio_katas.records import Kata, KatasError

_MADE = """\
{dest} is ready: {katas}{candidate}.
Keep {key}: whoever has it can write manifests, and without it none can be told from a forgery.
When it comes back: {command}"""


@click.group()
def export() -> None:
    """Write what is handed out: a test for a candidate."""
    # Those who hand something out read English so far.
    language.use("en")


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
    chosen = _chosen(every, course, [word for several in words for word in several.split(",") if word])
    _expect_free(dest)
    key = secret.kept(key_file, "--key-file")
    seed = secret.kept(seed_file, "--seed-file") if seed_file else key
    with variants.others(every, course) as others:
        version = gradebook.version(sorted([*every, *others], key=lambda kata: (kata.number, kata.variant)))
    drawn = takehomes.draw(chosen, course, seed, candidate)
    out = HandedOut(candidate, datetime.now(UTC).replace(microsecond=0), minutes, version, drawn)
    _write(dest, takehomes.pack(takehomes.files(chosen, course, out, key), dest.stem, out.at))
    named = ", ".join(f"{kata.number:02} {drawn[kata.slug]}" for kata in chosen)
    whom = say(" for {candidate}", candidate=candidate) if candidate else ""
    again = command("grade", "submissions/", "--key-file", str(key_file))
    click.echo(say(_MADE, dest=dest, katas=named, candidate=whom, key=key_file, command=again))
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
