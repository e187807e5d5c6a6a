"""The command line: words in, exit code out. Each command reads as a short list of named steps."""

from __future__ import annotations

import gettext
import importlib
import importlib.util
import inspect
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from asyncio_katas import __version__, catalog, keeping, language, learning, localisation, progress, staging
from asyncio_katas.invocation import BAD_INPUT, GRADER_FAULT, INTERRUPTED, SOLVED, UNSOLVED
from asyncio_katas.isolation.levels import Level
from asyncio_katas.language import say
from asyncio_katas.records import GraderFault, KatasError, Report
from asyncio_katas.submission import grade, prepared

if TYPE_CHECKING:
    from asyncio_katas.rendering.formats.classroom50 import Submission

# As many katas as make it worth while to check them in several processes.
_ALL = 13
# Of each --format: the module that renders it.
_RENDERERS = {
    "terminal": "terminal",
    "json": "report_json",
    "html": "html",
    "markdown": "formats.markdown",
    "junit": "formats.junit",
    "classroom": "formats.classroom",
    "classroom50": "formats.classroom50",
    "gradescope": "formats.gradescope",
}
# Whoever reads these by a program wants the same texts everywhere, unless they asked for others.
_FOR_PROGRAMS = {"json", "junit", "classroom", "classroom50", "gradescope"}
_WRITTEN = "The report is in {file}\nOpen it in a browser: {uri}"
# What lives in commands.py, which brings much along that `check` has no use for.
_FOR_LEARNERS = ["hint", "init", "list", "next", "reset", "solution", "update"]
# What needs a part of the package that is not handed out with a test: the command, and the module that tells.
_FOR_OTHERS = {"examine": "examine", "export": "handing_out", "grade": "teaching", "verify": "verifying"}
# Of those: what lives in a module of its own, which brings much along that `check` has no use for.
_ELSEWHERE = {"export", "grade"}


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


def _is_here(name: str) -> bool:
    """Tell whether a command can be run by as much of the package as there is."""
    return name not in _FOR_OTHERS or bool(importlib.util.find_spec(f"asyncio_katas.{_FOR_OTHERS[name]}"))


def _has_signs(stream: TextIO) -> bool:
    """Tell whether Chinese can be written to a stream."""
    try:
        "中".encode(stream.encoding)
    except UnicodeEncodeError:
        return False
    return True


class _Katas(click.Group):
    """A group whose failures are one fact and a next step, with the exit codes this project promises."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = {*super().list_commands(ctx), *_FOR_LEARNERS, *_FOR_OTHERS}
        return sorted(name for name in names if _is_here(name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if not _is_here(cmd_name):
            return None
        command = super().get_command(ctx, cmd_name)
        if cmd_name in _ELSEWHERE:
            command = getattr(importlib.import_module(f"asyncio_katas.{_FOR_OTHERS[cmd_name]}"), cmd_name)
        elif cmd_name in _FOR_LEARNERS:
            from asyncio_katas.commands import COMMANDS  # noqa: PLC0415 - only for who calls one of them

            command = COMMANDS[cmd_name]
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
            click.echo(localisation.localise_message(error.fact), err=True)
            click.echo(localisation.localise_message(error.next_step), err=True)
            code = BAD_INPUT
        except GraderFault as error:
            click.echo(say("The grader itself failed, your answers are not to blame."), err=True)
            click.echo(error, err=True)
            code = GRADER_FAULT
        except (click.Abort, KeyboardInterrupt):
            click.echo(say("Interrupted; nothing of yours was changed."), err=True)
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else 0)


_ISOLATION = click.option(
    "--isolation",
    type=click.Choice([level.value for level in Level]),
    help="Isolate with the layers of this level only.",
)


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
@click.option(
    "--format",
    "forms",
    type=click.Choice([*_RENDERERS]),
    multiple=True,
    default=["terminal"],
    show_default=True,
    help="Give the report in this form; several times for several, each with an --output.",
)
@click.option(
    "--output",
    "outputs",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Write the report to this file.",
)
@click.option("--isolate", is_flag=True, help="Grade as strangers' code: nothing shared, everything watched.")
@_ISOLATION
def check(
    katas: tuple[str, ...],
    submission: Path | None,
    forms: tuple[str, ...],
    outputs: tuple[Path, ...],
    *,
    isolate: bool,
    isolation: str | None,
) -> int:
    """Check your answers. A KATA is a number, a name or a unique part of one; none means all."""
    course = catalog.course_here()
    level = Level(isolation) if isolation else None
    # A stranger's answers need other children.
    with nullcontext() if isolate or level else prepared(len(katas) or _ALL) as ready:
        every = catalog.discover(course)
        chosen = catalog.select(every, katas)
        # Where that is missing, nothing is graded in vain.
        reports = _reports(forms, outputs)
        handed_in = _handed_in() if "classroom50" in forms else None
        renderers = _import_meanwhile([_RENDERERS[form] for form in forms])
        report = grade(chosen, submission or course / "katas", isolate=isolate, level=level, ready=ready)
        renderers.join()
    known, new = progress.Progress(), list[str]()
    if submission is None or submission.resolve() == (course / "katas").resolve():
        known, new = progress.remember(course, report, current=chosen[0].slug if len(katas) == 1 else None)
    if known.notice:
        click.echo(localisation.localise_message(known.notice), err=True)
    for form, output in reports:
        if form != "terminal":
            _emit(_rendered(report, form, handed_in if form == "classroom50" else None), output)
            if form == "html" and output:
                click.echo(say(_WRITTEN, file=output, uri=output.resolve().as_uri()))
            continue
        from asyncio_katas.rendering import terminal  # noqa: PLC0415 - imported meanwhile

        terminal.show(localisation.localise(report), narrow=bool(katas), output=output, current=known.current)
        if output is None and learning.finished(course, every, report, known, new):
            from asyncio_katas import commands  # noqa: PLC0415 - once in a learner's life

            commands.close(course, every)
    return SOLVED if report.solved == len(report.katas) else UNSOLVED


@cli.command()
@click.argument("kata", required=False)
def watch(kata: str | None) -> int:
    """Check again whenever you save, with single keys for hints and the rest. Begins with KATA, or where you were."""
    from asyncio_katas.watch import live  # noqa: PLC0415 - nobody else has a use for it

    course = catalog.course_here()
    katas = catalog.discover(course)
    return live.watch(course, katas, catalog.one(katas, kata, "watch") if kata else None)


@cli.command()
@click.argument("katas", nargs=-1, metavar="[KATA]...")
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="Grade each answer so often.")
@click.option(
    "--only",
    type=click.Choice(["right", "wrong", "held-back"]),
    help="Grade only the right or the wrong answers, or the right ones only by the held-back checks.",
)
@click.option("--stress", is_flag=True, help="Four answers per core at a time, so that the machine is overloaded.")
@click.option("--jobs", type=click.IntRange(min=1), help="So many answers at a time; two per core otherwise.")
@click.option("--isolate", is_flag=True, help="Grade the answers as strangers' code: the verdicts must be the same.")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Note every trial here, and resume.")
@click.option("--format", "form", type=click.Choice(["terminal", "markdown"]), default="terminal", show_default=True)
def verify(
    katas: tuple[str, ...],
    *,
    repeat: int,
    only: str | None,
    stress: bool,
    jobs: int | None,
    isolate: bool,
    log: Path | None,
    form: str,
) -> int:
    """For authors: prove that the checks judge rightly, on the stub and on every right and wrong answer."""
    from asyncio_katas import verifying  # noqa: PLC0415 - learners have no use for these
    from asyncio_katas.rendering import proof as rendering  # noqa: PLC0415

    course = catalog.course_here()
    chosen = catalog.select(catalog.discover(course), katas, "verify")
    # Many wrong answers only wait.
    jobs = jobs or (os.cpu_count() or 1) * (4 if stress else 2)
    level = Level.FULL if isolate else Level.LEARNER
    proofs = []
    with rendering.view() as view:
        for proof in verifying.verify(
            chosen, course, jobs=jobs, rounds=repeat, only=only, level=level, log=log, done=view.done
        ):
            proofs.append(proof)
            view.kata(proof)
    if form == "markdown":
        click.echo(rendering.markdown(proofs), nl=False)
    else:
        rendering.table(proofs)
    return UNSOLVED if any(proof.problems for proof in proofs) else SOLVED


@cli.command()
@click.argument("kata")
@click.option(
    "--submission",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the answers.",
)
@click.option(
    "--seed-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Draw delays, failures, counts and values from this secret; otherwise from a new one.",
)
@click.option("--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
@_ISOLATION
def examine(kata: str, submission: Path, seed_file: Path | None, form: str, isolation: str | None) -> int:
    """For those who grade: examine an answer from outside, by a judge that never imports it."""
    from asyncio_katas.examine import examination  # noqa: PLC0415 - learners have no use for these
    from asyncio_katas.rendering import examined  # noqa: PLC0415

    course = catalog.course_here()
    chosen = catalog.one(catalog.discover(course), kata, "examine")
    seed = examination.read_seed(seed_file)
    level = Level(isolation or Level.FULL)
    result = examination.examine(chosen, staging.answer_path(chosen, submission), seed, course, level=level)
    if form == "json":
        from asyncio_katas.rendering import report_json  # noqa: PLC0415

        _emit(report_json.render(Report((result,))), None)
    else:
        click.echo(examined.text(result))
    return SOLVED if result.solved else UNSOLVED


@cli.command(hidden=True)
def seal() -> None:
    """For authors: note the check files as they are now in every kata.toml, and keep the stubs for `reset`."""
    course = catalog.course_here()
    for kata in catalog.discover(course):
        if catalog.seal(kata):
            click.echo(f"sealed {kata.name}")
        if learning.keep_stub(kata, course):
            click.echo(f"kept the stub of {kata.name}")


def _reports(forms: Sequence[str], outputs: Sequence[Path]) -> list[tuple[str, Path | None]]:
    """Return each format with its file; a single one goes to the screen where it has none."""
    if len(outputs) > len(forms) or len(outputs) < len(forms) > 1:
        raise KatasError(
            "{forms} x --format and {outputs} x --output do not go together.",
            "Next: name a file for each format, in the same order: --format html --output report.html",
            forms=len(forms),
            outputs=len(outputs),
        )
    return list(zip_longest(forms, outputs))


def _import_meanwhile(renderers: Sequence[str]) -> threading.Thread:
    """Import renderers while the child is starting: they are needed only when the child is done."""

    def load() -> None:
        for renderer in renderers:
            importlib.import_module(f"asyncio_katas.rendering.{renderer}")

    thread = threading.Thread(target=load)
    thread.start()
    return thread


def _handed_in() -> Submission:
    """Return what Classroom 50's runner says of the submission that is graded here."""
    from asyncio_katas.rendering.formats import classroom50  # noqa: PLC0415 - for who asks for it

    return classroom50.submission(os.environ, datetime.now(UTC))


def _rendered(report: Report, form: str, handed_in: Submission | None) -> str:
    """Return the report as text in a format of its own module, in the language of those who read that."""
    renderer = importlib.import_module(f"asyncio_katas.rendering.{_RENDERERS[form]}")
    spoken = language.spoken()
    if form in _FOR_PROGRAMS and not language.named(sys.argv[1:]):
        language.use("en")
    report = localisation.localise(report)
    text: str = renderer.render(report, handed_in) if handed_in else renderer.render(report)
    language.use(spoken)
    return text


def _emit(text: str, output: Path | None) -> None:
    if output is None:
        # Bytes: these formats are UTF-8 whatever the window's encoding is.
        click.echo(text.encode(), nl=False)
        return
    keeping.write_report(output, text)
