"""From what was seen to what it is worth: pure functions of catalog and observations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from asyncio_katas.invocation import restoring
from asyncio_katas.lab.messages import Message
from asyncio_katas.records import Check, CheckResult, Finding, KataResult, Observation, Outcome, Report, Spot
from asyncio_katas.staging import Assembly

_NEVER_RUN = Finding(Outcome.NOT_RUN, Message("This check was not run."))
_PROBLEMS = {
    "missing": "The answer file {file} is missing.",
    "no regular file": "{file} is no regular file.",
    "too large": "{file} is too large to be an answer.",
}


def score(assemblies: Sequence[Assembly], seen: Mapping[str, Observation]) -> Report:
    """Return the report on all assemblies, in their order."""
    return Report(tuple(_kata(assembly, seen.get(assembly.kata.slug, Observation())) for assembly in assemblies))


def _kata(assembly: Assembly, observation: Observation) -> KataResult:
    checks = tuple(_check(assembly, check, observation) for check in assembly.kata.checks)
    return KataResult(
        assembly.kata,
        assembly.answer,
        overall(result.outcome for result in checks),
        checks,
        observation.isolation,
        round(observation.duration_s, 3),
    )


def _check(assembly: Assembly, check: Check, observation: Observation) -> CheckResult:
    finding = observation.findings.get(check.id, _NEVER_RUN)
    if assembly.problem:
        message = Message.of(_PROBLEMS[assembly.problem], {"file": str(assembly.answer)})
        look = Message.of("Bring the stub back with: {command}", {"command": restoring(assembly.answer)})
        finding = Finding(Outcome.NOT_RUN, message, look)
    if finding.spot:
        finding = _at_home(finding, finding.spot, assembly)
    worth = assembly.kata.points(check)
    return CheckResult(check, finding, worth if finding.outcome is Outcome.PASSED else 0, worth)


def _at_home(finding: Finding, spot: Spot, assembly: Assembly) -> Finding:
    """Point at the file that was handed in, not at its staged copy."""
    if Path(spot.path) != assembly.folder / f"{assembly.kata.slug}.py":
        return finding
    home = Spot(str(assembly.answer), spot.line, spot.source)
    return replace(finding, spot=home)


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """Return a kata's outcome: tampered if any check was, the common one if all agree, else failed."""
    found = set(outcomes)
    if Outcome.TAMPERED in found:
        return Outcome.TAMPERED
    return found.pop() if len(found) == 1 else Outcome.FAILED
