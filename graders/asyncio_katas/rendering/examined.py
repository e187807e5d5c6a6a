"""What an examination found, as lines of text."""

from __future__ import annotations

from asyncio_katas.lab.messages import Message
from asyncio_katas.records import KataResult, Outcome

_CHECK = "{mark} task {task}: {title}"
_FOUND = "    {outcome}: {message}"
_SUM = "{kata}: {passed} of {checks} checks of the examination pass, {points} of {max_points} points."


def text(result: KataResult) -> str:
    """Return one line for each check, with what was found where it does not pass, and a sum."""
    lines = []
    for each in result.checks:
        mark = "✓" if each.outcome is Outcome.PASSED else "✗"
        lines.append(_CHECK.format(mark=mark, task=each.check.task, title=each.check.title))
        if each.outcome is not Outcome.PASSED:
            message = each.finding.message or Message("")
            lines.append(_FOUND.format(outcome=each.outcome, message=str(message).replace("\n", "\n    ")))
    lines.append(
        _SUM.format(
            kata=result.kata.name,
            passed=result.passed,
            checks=len(result.checks),
            points=result.points,
            max_points=result.max_points,
        )
    )
    return "\n".join(lines)
