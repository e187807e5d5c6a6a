"""The report as JUnit XML, within the schema that Jenkins publishes, which others follow."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from asyncio_katas.records import CheckResult, KataResult, Outcome, Report
from asyncio_katas.rendering.formats import texts

# What the others are is an error: the check could not come to a verdict of its own.
_FAILURES = {Outcome.FAILED, Outcome.NOT_STARTED}


def render(report: Report) -> str:
    """Return the text of the XML file: a suite for each kata, and every check that did not pass as a failure or error.

    Nothing is ever left out or called skipped: those who read this format take both for a pass.
    """
    texts.expect_checks(report)
    every = [check for result in report.katas for check in result.checks]
    root = Element("testsuites", {"name": "asyncio-katas", **_counts(every)})
    root.set("time", _seconds(sum(result.duration_s for result in report.katas)))
    for result in report.katas:
        _suite(root, result)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(root: Element, result: KataResult) -> None:
    suite = SubElement(root, "testsuite", {"name": result.kata.name, **_counts(result.checks), "skipped": "0"})
    suite.set("time", _seconds(result.duration_s))
    properties = SubElement(suite, "properties")
    facts = {
        "title": texts.line(result.kata.title),
        "outcome": result.outcome.value,
        "points": str(result.points),
        "max_points": str(result.max_points),
        "checks_changed": str(result.kata.changed).lower(),
    }
    for name, value in facts.items():
        SubElement(properties, "property", {"name": name, "value": value})
    for check in result.checks:
        _case(suite, result, check)


def _case(suite: Element, result: KataResult, check: CheckResult) -> None:
    case = SubElement(suite, "testcase", {"name": check.check.id, "classname": result.kata.name})
    if check.outcome is Outcome.PASSED:
        return
    kind = "failure" if check.outcome in _FAILURES else "error"
    problem = SubElement(case, kind, {"type": check.outcome.value, "message": texts.sentence(check)})
    problem.text = texts.block(f"{texts.title(check)}\n{texts.story(check)}")


def _counts(checks: list[CheckResult] | tuple[CheckResult, ...]) -> dict[str, str]:
    failures = sum(1 for check in checks if check.outcome in _FAILURES)
    passed = sum(1 for check in checks if check.outcome is Outcome.PASSED)
    return {"tests": str(len(checks)), "failures": str(failures), "errors": str(len(checks) - failures - passed)}


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.3f}"
