"""The report as JSON, documented field by field in docs/report.md. Every other machine format derives from it."""

from __future__ import annotations

import json
from typing import Any

from asyncio_katas.records import CheckResult, KataResult, Report

SCHEMA = "asyncio-katas/report/v1"


def render(report: Report) -> str:
    """Return the report as JSON text."""
    return json.dumps(as_data(report), indent=2, ensure_ascii=False) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """Return the report as plain data."""
    return {
        "schema": SCHEMA,
        "points": report.points,
        "max_points": report.max_points,
        "solved": report.solved,
        "katas": [_kata(result) for result in report.katas],
    }


def _kata(result: KataResult) -> dict[str, Any]:
    return {
        "slug": result.kata.slug,
        "number": result.kata.number,
        "title": result.kata.title,
        "outcome": result.outcome.value,
        "points": result.points,
        "max_points": result.max_points,
        "duration_s": result.duration_s,
        "isolation": result.isolation,
        "answer": str(result.answer),
        "checks_changed": result.kata.changed,
        "checks": [_check(check) for check in result.checks],
    }


def _check(result: CheckResult) -> dict[str, Any]:
    finding = result.finding
    return {
        "id": result.check.id,
        "task": result.check.task,
        "title": result.check.title,
        "outcome": result.outcome.value,
        "points": result.points,
        "max_points": result.max_points,
        "message": _text(result),
        "line": {"path": finding.spot.path, "line": finding.spot.line, "source": finding.spot.source}
        if finding.spot
        else None,
        "output": finding.output,
        "timeline": finding.timeline,
    }


def _text(result: CheckResult) -> str | None:
    finding = result.finding
    parts = [str(part) for part in (finding.message, finding.look) if part]
    return "\n".join(parts) or None
