"""The report for GitHub Classroom's autograding actions: what their reporter reads from its environment.

A grading step is one task of one kata. Within a step the reporter's table counts checks, while its official score adds
points up; all checks of a task are worth the same, so the two agree.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from asyncio_katas.records import CheckResult, KataResult, Outcome, Report, Task
from asyncio_katas.rendering.formats import texts

_STATUS = {Outcome.PASSED: "pass", Outcome.FAILED: "fail", Outcome.NOT_STARTED: "fail"}
_VERSION = 1
# Characters of one variable: Windows allows 32,767, Linux 131,072, and some 2,000,000 in all of them together.
MOST_IN_A_STEP = 30_000
# Characters of a message, and of a name; the first that fit are taken.
_ROOMS = ((1000, 200), (300, 200), (100, 100), (40, 40))


def render(report: Report) -> str:
    """Return lines of NAME=VALUE for $GITHUB_ENV: a result for each grading step, then the names of all steps."""
    texts.expect_checks(report)
    steps = {
        f"kata{result.kata.number:02}task{task.number}": _encoded(task, result)
        for result in report.katas
        for task in result.kata.tasks
        if _checks(task, result)
    }
    lines = [f"{name.upper()}_RESULTS={encoded}" for name, encoded in steps.items()]
    return "\n".join([*lines, f"AUTOGRADING_RUNNERS={','.join(steps)}", ""])


def _checks(task: Task, result: KataResult) -> list[CheckResult]:
    return [check for check in result.checks if check.check.task == task.number]


def _encoded(task: Task, result: KataResult) -> str:
    encoded = ""
    for said, named in _ROOMS:
        text = json.dumps(_step(_checks(task, result), said, named), ensure_ascii=False, separators=(",", ":"))
        encoded = base64.b64encode(text.encode()).decode()
        if len(encoded) <= MOST_IN_A_STEP:
            break
    return encoded


def _step(checks: Sequence[CheckResult], said: int, named: int) -> dict[str, Any]:
    tests = [_test(check, said, named) for check in checks]
    statuses = {test["status"] for test in tests}
    return {
        "version": _VERSION,
        "status": next(status for status in ("fail", "error", "pass") if status in statuses),
        "max_score": sum(check.max_points for check in checks),
        "tests": tests,
    }


def _test(result: CheckResult, said: int, named: int) -> dict[str, Any]:
    name, status, spot = texts.line(texts.title(result), named), _STATUS.get(result.outcome, "error"), None
    message = ""
    if status != "pass":
        # Of a check in error the reporter prints the message alone.
        message, spot = f"{name} {texts.sentence(result, said)}", result.finding.spot
    return {
        "name": name,
        "status": status,
        "score": result.points,
        "message": message,
        # The reporter prints whatever stands here at the beginning of a line.
        "test_code": "",
        "filename": texts.line(spot.path) if spot else "",
        "line_no": spot.line if spot else 0,
    }
