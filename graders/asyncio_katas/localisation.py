"""From records in English to the same records in the language in use: whoever shows them need not know of languages."""

from __future__ import annotations

from dataclasses import replace

from asyncio_katas.lab.messages import Message
from asyncio_katas.language import GRADER, translate
from asyncio_katas.records import Check, CheckResult, Finding, Kata, KataResult, Report, Task


def localise(report: Report) -> Report:
    """Return a report as it is to be shown."""
    return Report(tuple(_result(result) for result in report.katas))


def localise_kata(kata: Kata) -> Kata:
    """Return a kata with its titles and hints as they are to be shown."""
    tasks, checks = (_task(kata, task) for task in kata.tasks), (_check(kata, check) for check in kata.checks)
    return replace(kata, title=translate(kata.title, kata.slug), tasks=tuple(tasks), checks=tuple(checks))


def localise_message(message: Message, catalog: str = GRADER) -> Message:
    """Return a message as it is to be shown; the values that are messages too, the others as they are."""
    values = {
        name: localise_message(value, catalog) if isinstance(value, Message) else value
        for name, value in message.values.items()
    }
    return Message(translate(message.template, catalog), values)


def _task(kata: Kata, task: Task) -> Task:
    hints = tuple(translate(hint, kata.slug) for hint in task.hints)
    return replace(task, title=translate(task.title, kata.slug), hints=hints)


def _check(kata: Kata, check: Check) -> Check:
    return replace(check, title=translate(check.title, kata.slug))


def _result(result: KataResult) -> KataResult:
    checks = tuple(_check_result(result.kata, check) for check in result.checks)
    return replace(result, kata=localise_kata(result.kata), checks=checks)


def _check_result(kata: Kata, result: CheckResult) -> CheckResult:
    return replace(result, check=_check(kata, result.check), finding=_finding(kata, result.finding))


def _finding(kata: Kata, finding: Finding) -> Finding:
    message, look, mark = (
        localise_message(said, kata.slug) if said else None for said in (finding.message, finding.look, finding.mark)
    )
    timeline = finding.timeline
    if timeline and timeline["mark"] and mark:
        timeline = timeline | {"mark": timeline["mark"] | {"text": str(mark)}}
    return replace(finding, message=message, look=look, mark=mark, timeline=timeline)
