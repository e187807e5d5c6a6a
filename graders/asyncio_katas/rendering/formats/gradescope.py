"""The report as Gradescope's `results.json`."""

from __future__ import annotations

import json
from typing import Any

from asyncio_katas.records import CheckResult, KataResult, Outcome, Report
from asyncio_katas.rendering.formats import texts


def render(report: Report) -> str:
    """Return the text of `results.json`."""
    texts.expect_checks(report)
    data = {
        "score": report.points,
        "execution_time": round(sum(result.duration_s for result in report.katas)),
        "output": "\n".join([texts.standing(report), *texts.changes(report)]),
        # As text nothing that an answer printed becomes markup.
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        # What the grader itself printed is for the teacher.
        "stdout_visibility": "hidden",
        "extra_data": {"max_score": report.max_points, "solved": report.solved},
        "tests": [
            _test(result, number, check)
            for result in report.katas
            for number, check in enumerate(result.checks, start=1)
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _test(result: KataResult, number: int, check: CheckResult) -> dict[str, Any]:
    kata, passed = result.kata, check.outcome is Outcome.PASSED
    return {
        "name": f"{kata.number:02} {texts.title(check)}",
        "number": f"{kata.number}.{number}",
        "score": check.points,
        "max_score": check.max_points,
        "status": "passed" if passed else "failed",
        "tags": [kata.slug],
        "visibility": "visible",
        "extra_data": {"id": f"{kata.name}/{check.check.id}", "outcome": check.outcome.value},
        **({} if passed else {"output": texts.story(check)}),
    }
