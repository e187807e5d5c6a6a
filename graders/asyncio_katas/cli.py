"""The command line: words in, exit code out. Each command reads as a short list of named steps."""

from __future__ import annotations

import gettext
import importlib
import inspect
import os
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

import click

from asyncio_katas import __version__, catalog, language, localisation, running, scoring, staging
from asyncio_katas.language import say
from asyncio_katas.records import Kata, KatasError, Report

SOLVED, UNSOLVED, BAD_INPUT, GRADER_FAULT, INTERRUPTED = 0, 1, 2, 3, 130


def _expect_language(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None and language.match(value) is None:
        known = ", ".join(language.LANGUAGES)
        raise KatasError("'{word}' is none of the languages here: {known}.", "Next: --lang en", word=value, known=known)


def _localised(command: click.Command) -> click.Command:
    """Put a command's help into the language in use, and let it be told another one."""
    if not any(parameter.name == "lang" for parameter in command.params):
        command.params.append(
            click.Option(
                ["--lang"],
                metavar="LANG",
                expose_value=False,
                callback=_expect_language,
                help="Speak this language: en or zh-CN.",
            )
        )
    command.help = language.translate(inspect.cleandoc(command.help or ""))
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.help = language.translate(parameter.help or "")
    return command


def _has_signs(stream: TextIO) -> bool:
    """Tell whether Chinese can be written to a stream."""
    try:
        "中".encode(stream.encoding)
    except UnicodeEncodeError:
        return False
    return True


class _Katas(click.Group):
    """A group whose failures are one fact and a next step, with the exit codes this project promises."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        return _localised(command) if command else None

    def main(self, *args: Any, **extra: Any) -> Any:
        extra |= {"standalone_mode": False, "prog_name": "katas"}
        # Help and errors are translated too, so the language is needed before click looks at the arguments.
        wanted = language.chosen(sys.argv, os.environ) if _has_signs(sys.stdout) and _has_signs(sys.stderr) else "en"
        language.use(wanted)
        _localised(self)
        # Click's own words come by the standard gettext, which asks the environment for the language.
        os.environ["LANGUAGE"] = language.LANGUAGES[wanted]
        gettext.bindtextdomain(language.GRADER, str(language.CATALOGS))
        gettext.textdomain(language.GRADER)
        try:
            code = super().main(*args, **extra)
        except click.ClickException as error:
            error.show()
            code = BAD_INPUT
        except KatasError as error:
            # Whoever came here through nox is told the way through nox.
            command = os.environ.get("ASYNCIO_KATAS_COMMAND", "katas check")
            click.echo(localisation.localise_message(error.fact), err=True)
            click.echo(str(localisation.localise_message(error.next_step)).replace("katas check", command), err=True)
            code = BAD_INPUT
        except running.GraderFault as error:
            click.echo(say("The grader itself failed, your answers are not to blame."), err=True)
            click.echo(error, err=True)
            code = GRADER_FAULT
        except (click.Abort, KeyboardInterrupt):
            click.echo(say("Interrupted; nothing was changed."), err=True)
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else 0)


@click.group(cls=_Katas, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="katas")
def cli() -> None:
    """Thirteen asyncio katas, graded by behaviour on a virtual clock."""


@cli.command()
@click.argument("katas", nargs=-1, metavar="[KATA]...")
@click.option(
    "--submission",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the answers; without it, the course's own katas/.",
)
@click.option("--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
@click.option("--isolate", is_flag=True, help="Run each kata in a process of its own, as for strangers' code.")
def check(katas: tuple[str, ...], submission: Path | None, form: str, output: Path | None, isolate: bool) -> int:
    """Check your answers. A KATA is a number, a name or a unique part of one; none means all."""
    course = _course()
    chosen = catalog.select(catalog.discover(course), katas)
    renderer = _import_meanwhile("terminal" if form == "terminal" else "report_json")
    report = grade(chosen, submission or course / "katas", isolate=isolate)
    if form != "json" or language.named(sys.argv[1:]):
        # Whoever reads JSON by a program wants the same texts everywhere, unless they asked for others.
        report = localisation.localise(report)
    renderer.join()
    if form == "json":
        from asyncio_katas.rendering import report_json  # noqa: PLC0415 - imported meanwhile

        _emit(report_json.render(report), output)
    else:
        from asyncio_katas.rendering import terminal  # noqa: PLC0415 - imported meanwhile

        terminal.show(report, narrow=bool(katas), output=output)
    return SOLVED if report.solved == len(report.katas) else UNSOLVED


@cli.command()
@click.argument("katas", nargs=-1, metavar="[KATA]...")
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="Grade each answer so often.")
@click.option("--stress", is_flag=True, help="Four answers per core at a time, so that the machine is overloaded.")
@click.option("--jobs", type=click.IntRange(min=1), help="So many answers at a time; one per core otherwise.")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Note every trial here, and resume.")
@click.option("--format", "form", type=click.Choice(["terminal", "markdown"]), default="terminal", show_default=True)
def verify(katas: tuple[str, ...], *, repeat: int, stress: bool, jobs: int | None, log: Path | None, form: str) -> int:
    """For authors: prove that the checks judge rightly, on the stub and on every right and wrong answer."""
    from asyncio_katas import verifying  # noqa: PLC0415 - learners have no use for these
    from asyncio_katas.rendering import proof as rendering  # noqa: PLC0415

    course = _course()
    chosen = catalog.select(catalog.discover(course), katas)
    jobs = jobs or (os.cpu_count() or 1) * (4 if stress else 1)
    proofs = []
    with rendering.view() as view:
        for proof in verifying.verify(chosen, course, jobs=jobs, rounds=repeat, log=log, done=view.done):
            proofs.append(proof)
            view.kata(proof)
    if form == "markdown":
        click.echo(rendering.markdown(proofs), nl=False)
    else:
        rendering.table(proofs)
    return UNSOLVED if any(proof.problems for proof in proofs) else SOLVED


@cli.command(hidden=True)
def seal() -> None:
    """For authors: note the check files as they are now in every kata.toml."""
    for kata in catalog.discover(_course()):
        if catalog.seal(kata):
            click.echo(f"sealed {kata.name}")


def _course() -> Path:
    """Return the course, relative to here: paths in messages can then be copied into the next command."""
    return Path(os.path.relpath(catalog.find_course(Path.cwd())))


def grade(chosen: list[Kata], submission: Path, *, isolate: bool = False) -> Report:
    """Assemble, run and score these katas with a submission's answers."""
    with staging.stage() as root:
        answers = [(kata, staging.answer_path(kata, submission)) for kata in chosen]
        assemblies = [staging.assemble(kata, answer, root) for kata, answer in answers]
        seen = running.grade(assemblies, str(root), isolate=isolate)
        return scoring.score(assemblies, seen)


def _import_meanwhile(renderer: str) -> threading.Thread:
    """Import a renderer while the child is starting: it is needed only when the child is done."""
    thread = threading.Thread(target=importlib.import_module, args=(f"asyncio_katas.rendering.{renderer}",))
    thread.start()
    return thread


def _emit(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fact = "The report could not be written to {output}: {why}."
        raise KatasError(fact, "Next: choose another --output.", output=output, why=error.strerror) from None
