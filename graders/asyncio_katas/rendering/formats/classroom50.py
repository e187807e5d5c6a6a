"""The report as Classroom 50's `classroom50/result/v1`: what its runner reads as `result.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asyncio_katas.records import CheckResult, Kata, KatasError, Outcome, Report
from asyncio_katas.rendering.formats import texts

SCHEMA = "classroom50/result/v1"
_MOST_SAID = 1000


@dataclass(frozen=True)
class Submission:
    """What the runner knows of a submission and the report does not: whose it is, where it lies, and when it came."""

    classroom: str
    assignment: str
    assignment_type: str
    owner: str
    tag: str
    commit: str
    release: str
    review: str
    at: datetime


def submission(environment: Mapping[str, str], now: datetime) -> Submission:
    """Return the submission that Classroom 50's runner describes in its environment.

    It stamps the time of the commit over `now`, and owner and type of its own finding over these.
    """

    def known(name: str, otherwise: str = "") -> str:
        value = environment.get(name, "").strip() or otherwise
        if not value:
            raise KatasError(
                "{name} is not set: the format classroom50 is for the runner of Classroom 50.",
                "Next: run it from autograder.py, as docs/formats.md shows, or choose --format json.",
                name=name,
            )
        return value

    return Submission(
        classroom=known("CLASSROOM"),
        assignment=known("ASSIGNMENT"),
        assignment_type=known("ASSIGNMENT_TYPE", "individual"),
        owner=known("OWNER", environment.get("USERNAME", "").strip()),
        tag=known("SUBMISSION_TAG"),
        commit=known("COMMIT_URL"),
        release=known("RELEASE_URL"),
        review=known("REVIEW_URL", environment.get("COMMIT_URL", "").strip()),
        at=now,
    )


def render(report: Report, handed_in: Submission) -> str:
    """Return the text of `result.json` for this submission."""
    texts.expect_checks(report)
    data = {
        "schema": SCHEMA,
        "classroom": handed_in.classroom,
        "assignment": handed_in.assignment,
        "assignment_type": handed_in.assignment_type,
        "owner": handed_in.owner,
        "submission": handed_in.tag,
        "commit": handed_in.commit,
        "release": handed_in.release,
        "review": handed_in.review,
        "datetime": f"{handed_in.at:%Y-%m-%dT%H:%M:%SZ}",
        "score": report.points,
        "max-score": report.max_points,
        "tests": [_test(result.kata, check) for result in report.katas for check in result.checks],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _test(kata: Kata, result: CheckResult) -> dict[str, Any]:
    passed = result.outcome is Outcome.PASSED
    return {
        "test-name": f"{kata.number:02} {texts.title(result)}",
        "passed": passed,
        "score": result.points,
        "max-score": result.max_points,
        "id": f"{kata.name}/{result.check.id}",
        "outcome": result.outcome.value,
        **({} if passed else {"message": texts.sentence(result, _MOST_SAID)}),
    }
