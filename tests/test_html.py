"""The HTML report: what it says in every state, and that no text of an answer can become more than text."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_properties import many
from test_terminal import FAILED, NOT_STARTED, PASSED, TIMELINE, every, kata, result

from asyncio_katas.lab.messages import Message
from asyncio_katas.records import Finding, KataResult, Outcome, Report, Spot
from asyncio_katas.rendering import html

if TYPE_CHECKING:
    from conftest import Ran

some = settings(many, max_examples=100)
_VOID = {"meta"}
ATTACKS = [
    "<script>alert(1)</script>",
    "</style></title></code><img src=x onerror=alert(1)>",
    "\"' onload=alert(1) x='",
    "<!-- --!> <![CDATA[ ]]> &lt; &amp;lt; &#60;",
    "`<b>code</b>` `` ` `",
    "javascript:alert(1) {{ 7 * 7 }} {name} %s",
    "\x00\x07\x08\x1b[31m\x1b]8;;http://example.org\x07\x7f\x85",
    "\u202eevil\u2066\u2069\u200b\ufeff\u2028",
    "\ud800 lone",
    "\U000e0001\U000e0041 tags",
    "Z\u0310\u0311\u0312" * 500,
    "x" * 100_000,
    "请求 العربية עברית",
]


class Page(HTMLParser):
    """A parsed report: its elements with their attributes, their order, and the text inside."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def all(self, tag: str, kind: str = "") -> list[dict[str, str]]:
        """Return the attributes of these elements; of a class, if one is named."""
        named = [attributes for name, attributes in self.elements if name == tag]
        return [attributes for attributes in named if not kind or kind in attributes.get("class", "").split()]


def page(*katas: KataResult) -> Page:
    return Page(html.render(Report(katas)))


def hostile(text: str) -> KataResult:
    """Return a kata that failed, with one text wherever an answer's text can get to."""
    record = {
        **TIMELINE,
        "spans": [{**span, "label": text} for span in TIMELINE["spans"]],
        "mark": {"at": 2.0, "text": text},
    }
    message = Message.of("{text}", {"text": text})
    finding = Finding(Outcome.FAILED, message, message, Spot(text, 3, text), text, record)
    return every(finding, 6, "limit")


# What it says


def test_standing_and_every_kata() -> None:
    """The page begins with where the learner stands, and names each kata with its state."""
    seen = page(every(PASSED, 1, "first"), result(PASSED, FAILED, NOT_STARTED), every(NOT_STARTED, 9, "last"))
    assert "1 of 3 katas solved" in seen.text
    assert "4 of 9 checks pass · 6 of 15 points" in seen.text
    assert [attributes["id"] for attributes in seen.all("section", "kata")] == ["01_first", "06_limit", "09_last"]
    for state in ("✓ solved", "✗ not solved yet", "· not started"):
        assert state in seen.text
    assert "Look here first: 06 Kata about limit" in seen.text
    assert {"href": "#06_limit-test_1"} in seen.all("a")


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.PASSED, "passed: "),
        (Outcome.FAILED, "failed: "),
        (Outcome.ERROR, "crashed: "),
        (Outcome.TIMEOUT, "never ended: "),
        (Outcome.NOT_RUN, "not run: "),
        (Outcome.NOT_STARTED, "not started: "),
        (Outcome.TAMPERED, "tampered with: "),
    ],
)
def test_every_outcome_has_words(outcome: Outcome, words: str) -> None:
    """No outcome is told by a sign or a colour alone."""
    finding = Finding(outcome, None if outcome is Outcome.PASSED else Message("What happened."))
    seen = page(result(PASSED, finding, PASSED))
    assert seen.text.count(words) == (3 if outcome is Outcome.PASSED else 1)
    shows_message = outcome not in {Outcome.PASSED, Outcome.NOT_STARTED}
    assert ("What happened." in seen.text) is shows_message


def test_a_failure_in_full() -> None:
    """A failure shows its message, where to look, the learner's line, the output and the timeline."""
    text = page(result(PASSED, FAILED, PASSED)).text
    assert "limit=1, but 2 requests were in flight." in text
    assert "They overlapped." in text
    assert "Count again who holds a slot." in text
    assert "limit.py:37" in text
    assert "await fetch(url)" in text
    assert "fetching a\nfetching b" in text
    assert "t=2: 2 in flight, limit 1" in text


def test_only_the_first_failure_is_open() -> None:
    """Of each kata, the failure to look at first is open; the others can be opened."""
    seen = page(result(FAILED, FAILED, FAILED), every(FAILED, 7, "other"))
    checks = seen.all("details", "check")
    assert ["open" in attributes for attributes in checks] == [True, False, False] * 2


def test_solved_katas_keep_their_checks_folded() -> None:
    """The checks of a kata with nothing to look at are there, folded away."""
    seen = page(every(PASSED, 1, "first"), every(NOT_STARTED, 2, "second"))
    assert ["open" in attributes for attributes in seen.all("details", "quiet")] == [False, False]
    assert len(seen.all("div", "line")) == 6


def test_changed_checks_are_named() -> None:
    """Whoever changed the checks is told, with the command that restores them."""
    changed = result(PASSED, FAILED, PASSED, of=kata(sealed="other"))
    assert "git checkout -- /course/katas/06_limit/test_limit.py" in page(changed).text
    assert "git checkout" not in page(result(PASSED, FAILED, PASSED)).text


def test_no_kata_at_all() -> None:
    """A report on nothing is a page too."""
    assert "0 of 0 katas solved" in page().text


# The timeline


def drawn(**changes: Any) -> Page:
    return page(result(PASSED, Finding(Outcome.FAILED, Message("No."), timeline={**TIMELINE, **changes}), PASSED))


def test_timeline_stands_where_the_times_are() -> None:
    """Bars, cleanup, endings and the marked moment stand at their share of the time, and the axis names seconds."""
    seen = drawn()
    bars = [(bar["x"], bar["width"]) for bar in seen.all("rect", "work")]
    assert bars == [("0.00%", "66.67%"), ("0.00%", "66.67%")]
    cleanup = [bar for bar in seen.all("rect", "cleanup") if "x" in bar]
    assert [(bar["x"], bar["width"]) for bar in cleanup] == [("66.67%", "33.33%")]
    assert [line["x1"] for line in seen.all("line", "moment")] == ["66.67%"]
    assert [sign["x"] for sign in seen.all("text", "cancelled")] == ["100.00%"]
    assert [tick["x"] for tick in seen.all("text", "tick")] == ["0.00%", "33.33%", "66.67%", "100.00%"]


def test_timeline_shows_what_was_expected() -> None:
    """An expected moment has a mark of its own, and a span that could have begun earlier shows since when."""
    spans = [{**TIMELINE["spans"][0], "start": 1.5, "due": 0.75}]
    seen = drawn(spans=spans, mark={"at": 1.5, "text": "too late", "due": 0.75})
    assert [line["x1"] for line in seen.all("line", "moment-due")] == ["25.00%"]
    assert [(line["x1"], line["x2"]) for line in seen.all("line", "due") if line["x1"] != "0"] == [("25.00%", "50.00%")]
    assert "t=0.75: expected" in seen.text
    assert "expected was t=0.75" in seen.text


def test_timeline_is_told_in_words_too() -> None:
    """The figure has a name and a description, and a table says the same as its bars."""
    seen = drawn()
    (figure,) = seen.all("svg", "plot")
    ids = {attributes["id"] for _, attributes in seen.elements if "id" in attributes}
    assert set(figure["aria-labelledby"].split()) <= ids
    assert "2 stretches of work from t=0 to t=3" in seen.text
    assert "Marked is t=2: 2 in flight, limit 1." in seen.text
    assert "was cancelled; was cleaning up (t=2)" in seen.text


def test_long_timelines_are_cut_in_the_figure_only() -> None:
    """More spans than a screen has room for are counted below the figure and listed in the table."""
    spans = [{**TIMELINE["spans"][0], "label": f"url {n}"} for n in range(100)]
    seen = drawn(spans=spans, more=7)
    assert len(seen.all("rect", "work")) == 40
    assert "… and 67 more" in seen.text
    assert seen.text.count("url 0") == 1
    assert seen.text.count("url 99") == 2


@pytest.mark.parametrize("end", [0, 1e-12, 1e-6, 0.3, 1 / 3, 7, 259_200.0, 1e12, float("inf")])
def test_any_length_of_time_can_be_drawn(end: float) -> None:
    """The axis has at least its zero and never more numbers than a phone has room for."""
    seen = drawn(end=end, mark={"at": end, "text": "the end"})
    assert 1 <= len(seen.all("text", "tick")) <= 9
    for line in seen.all("line"):
        assert 0 <= float(line["x1"].removesuffix("%")) <= 100


# Safety


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_hostile_texts_stay_text(text: str) -> None:
    """Whatever an answer says adds no element, no attribute and no character that steers."""
    tame, wild = page(hostile("a")), page(hostile(text))
    bare = [(tag, sorted(attributes)) for tag, attributes in tame.elements if tag != "code"]
    assert [(tag, sorted(attributes)) for tag, attributes in wild.elements if tag != "code"] == bare
    assert [char for char in wild.text if not char.isprintable() and char not in "\n\t"] == []


@some
@given(st.text(max_size=60))
def test_any_text_stays_text(text: str) -> None:
    """The same for arbitrary texts, which come back as they were wherever they are harmless."""
    tame, wild = page(hostile("a")), page(hostile(f"a{text}"))
    assert {tag for tag, _ in wild.elements} == {tag for tag, _ in tame.elements}
    assert {name for _, names in wild.elements for name in names} == {
        name for _, names in tame.elements for name in names
    }
    if text.isprintable() and "`" not in text:
        assert f"a{text}".strip() in wild.text


@some
@given(st.sampled_from(list(Outcome)), st.text(max_size=200), st.text(max_size=200))
def test_what_is_shown_is_all_that_is_loaded(outcome: Outcome, title: str, output: str) -> None:
    """Nothing on the page is fetched from anywhere or runs."""
    finding = Finding(outcome, Message.of("{t}", {"t": title}), output=output, timeline=TIMELINE)
    seen = page(every(finding, 6, "limit", title=title))
    assert {tag for tag, _ in seen.elements} & {"script", "img", "link", "iframe", "object", "form", "base"} == set()
    for _, attributes in seen.elements:
        assert [name for name in attributes if name.startswith("on") or name == "src"] == []
        assert attributes.get("href", "#").startswith("#")


def test_the_style_loads_nothing() -> None:
    """The only address in the style is the pattern inside the page, and a policy forbids all else."""
    text = html.render(Report(()))
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#cleanup"}
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_ids_are_unique_and_links_lead_somewhere() -> None:
    """No id occurs twice, and every link and label names one that exists."""
    seen = page(result(FAILED, FAILED, PASSED), every(FAILED, 7, "other"), every(PASSED, 8, "solved"))
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in seen.elements:
        named = [*attributes.get("aria-labelledby", "").split(), attributes.get("href", "#katas").removeprefix("#")]
        assert set(named) <= set(ids)


# The command


def test_written_to_a_file(katas: Callable[..., Ran], tmp_path: Path) -> None:
    """`--output` writes the page, and the terminal says where it is."""
    file = tmp_path / "my report.html"
    ran = katas("check", "--format", "html", "--output", file)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == f"The report is in {file}\nOpen it in a browser: {file.as_uri()}\n"
    seen = Page(file.read_text(encoding="utf-8"))
    assert "1 of 6 katas solved" in seen.text
    assert "It ended at t=4 instead of 3." in seen.text


def test_written_to_standard_output(katas: Callable[..., Ran]) -> None:
    """Without `--output` the page goes to standard output, as UTF-8 whatever the terminal's encoding is."""
    ran = katas("check", "fails", "--format", "html", PYTHONIOENCODING="ascii")
    assert ran.out.startswith("<!doctype html>")
    assert "✗ not solved yet" in Page(ran.out).text


def test_a_file_that_cannot_be_written(katas: Callable[..., Ran], tmp_path: Path) -> None:
    """A report that cannot be written is one fact and the next step."""
    ran = katas("check", "fails", "--format", "html", "--output", tmp_path / "missing" / "report.html")
    assert ran.code == 2
    assert "could not be written" in ran.err
    assert "Next: choose another --output." in ran.err
