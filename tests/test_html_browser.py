"""The HTML report in a real browser: laid out for a phone and a screen, in light and dark, for keyboard and reader.

The page is looked at from outside, in a frame, since its own policy lets no script run in it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest
from test_html import ATTACKS, hostile
from test_terminal import FAILED, NOT_STARTED, PASSED, TIMELINE, every, result

from asyncio_katas.lab.messages import Message
from asyncio_katas.records import Finding, Outcome, Report
from asyncio_katas.rendering import html

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install it to see the page laid out")

# Looks at the page in the frame and leaves what it saw as JSON.
LOOK = """
const frame = document.querySelector("iframe");
const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
const light = (color) => {
  const [r, g, b] = numbers(color).slice(0, 3).map((x) => x / 255)
    .map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
};
frame.onload = () => {
  const page = frame.contentDocument, view = frame.contentWindow, root = page.documentElement;
  const style = (element) => view.getComputedStyle(element);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const color = numbers(style(element).backgroundColor);
      if (color[3] !== 0) return style(element).backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const folded = page.querySelectorAll("details:not([open])").length;
  page.querySelectorAll("details").forEach((element) => { element.open = true; });
  const seen = {folded, texts: [], shapes: [], ends: [], rows: [], wide: [], focus: [], count: {}};
  for (const element of page.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const box = element.getBoundingClientRect();
    if (!box.width || element.closest(".unseen, .skip, title, desc")) continue;
    if (box.right > view.innerWidth + 0.5 || box.left < -0.5) seen.wide.push(element.outerHTML.slice(0, 200));
    if (own) {
      const color = element.namespaceURI.endsWith("svg") ? style(element).fill : style(element).color;
      seen.texts.push([contrast(color, ground(element)), element.textContent.slice(0, 40), color]);
    }
    for (const paint of ["fill", "stroke"]) {
      if (!element.matches(".work, .start, .cap, .moment, .moment-due, .due, .bar .fill")) continue;
      if (/^rgb/.test(style(element)[paint]) && (paint === "stroke") === element.matches("line")) {
        seen.shapes.push([contrast(style(element)[paint], ground(element)), element.outerHTML.slice(0, 80)]);
      }
    }
  }
  const middle = (element) => { const box = element.getBoundingClientRect(); return box.top + box.height / 2; };
  for (const end of page.querySelectorAll(".plot .end")) {
    let bar = end;
    while (!bar.matches(".start")) bar = bar.previousElementSibling;
    seen.ends.push(Math.abs(middle(bar) - middle(end)));
  }
  page.querySelectorAll(".chart").forEach((chart) => {
    const bars = [...chart.querySelectorAll(".start")];
    chart.querySelectorAll(".labels li").forEach((label, row) => {
      seen.rows.push(Math.abs(middle(label) - middle(bars[row])));
    });
  });
  for (const element of page.querySelectorAll("a, summary, [tabindex='0']")) {
    element.focus({focusVisible: true});
    const line = style(element).outlineStyle === "solid" ? parseFloat(style(element).outlineWidth) : 0;
    seen.focus.push([page.activeElement === element, line]);
  }
  seen.skip = page.querySelector(".skip").getBoundingClientRect().left;
  page.querySelector(".skip").focus({focusVisible: true});
  seen.skipFocused = page.querySelector(".skip").getBoundingClientRect().left;
  seen.first = page.body.querySelector("a, summary, [tabindex='0']").className;
  seen.headings = [...page.querySelectorAll("h1, h2, h3, h4")].map((element) => Number(element.tagName[1]));
  for (const kind of ["header", "nav", "main", "footer", "section.kata", "svg.plot", "details.check", "script"]) {
    seen.count[kind] = page.querySelectorAll(kind).length;
  }
  seen.lang = root.lang;
  seen.width = view.innerWidth;
  seen.scrolls = root.scrollWidth;
  seen.ground = style(page.body).backgroundColor;
  const out = document.createElement("pre");
  out.id = "seen";
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
};
"""
Look = Callable[..., dict[str, Any]]


def run(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Open a file in a browser without a window, with a profile of its own."""
    assert CHROMIUM is not None
    return subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            f"--user-data-dir={file.parent / 'profile'}",
            *options,
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=400,
        check=True,
    )


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Return a function that lays out a page and tells what is to be seen."""

    def look(text: str, *, width: int = 1200, dark: bool = False) -> dict[str, Any]:
        frame = f'<iframe width="{width}" height="800" style="border: 0" srcdoc="{escape(text)}"></iframe>'
        meta = '<meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        file = tmp_path / "look.html"
        file.write_text(f"<!doctype html>{meta}{frame}<script>{LOOK}</script>", encoding="utf-8")
        done = run(file, f"--blink-settings=preferredColorScheme={int(not dark)}", "--window-size=1400,900")
        found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
        assert found, done.stderr
        seen: dict[str, Any] = json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        return seen

    return look


@pytest.fixture(scope="module")
def text() -> str:
    """A page with every outcome, and timelines with everything that can be drawn."""
    spans = [
        {"label": "fetch_limited", "start": 0.0, "end": None, "how": "running", "cleanup": None, "due": None},
        {"label": "fetch " + "a" * 70, "start": 1.0, "end": 2.0, "how": "raised", "cleanup": None, "due": 0.5},
        *TIMELINE["spans"],
    ]
    mark = {"at": 2.0, "text": "a rather long text about the moment that a phone has to break into lines", "due": 1.5}
    full = Finding(Outcome.FAILED, Message("It `failed`."), timeline={**TIMELINE, "spans": spans, "mark": mark})
    odd = [
        Finding(outcome, Message("What happened.")) for outcome in (Outcome.ERROR, Outcome.TIMEOUT, Outcome.TAMPERED)
    ]
    katas = [
        every(PASSED, 1, "first"),
        result(PASSED, FAILED, NOT_STARTED),
        every(full, 7, "full", sealed="other"),
        every(Finding(Outcome.NOT_RUN, Message("Not run.")), 8, "absent"),
        result(*odd),
        every(NOT_STARTED, 10, "last"),
        *(hostile(attack) for attack in ATTACKS[-4:]),
    ]
    return html.render(Report(tuple(katas)))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_page_in_the_browser(look: Look, text: str, width: int, *, dark: bool) -> None:
    """Everything is there, readable in both colour schemes, within the window, and in reach of the keyboard."""
    seen = look(text, width=width, dark=dark)
    assert seen["count"] == {
        "header": 1,
        "nav": 1,
        "main": 1,
        "footer": 1,
        "section.kata": 10,
        "svg.plot": 16,
        "details.check": 22,
        "script": 0,
    }
    assert seen["lang"] == "en"
    assert seen["width"] == width
    # Nothing reaches out of the window, also with everything unfolded.
    assert seen["scrolls"] <= width
    assert seen["wide"] == []
    # WCAG 2.2 AA: 4.5 to 1 for text, 3 to 1 for shapes that mean something.
    assert len(seen["texts"]) > 100
    assert [text for text in seen["texts"] if text[0] < 4.5] == []
    assert len(seen["shapes"]) > 20
    assert [shape for shape in seen["shapes"] if shape[0] < 3] == []
    assert (sum(map(int, re.findall(r"\d+", seen["ground"]))) < 200) is dark
    # Labels and signs of a timeline stand beside their bars; pixels.
    assert len(seen["ends"]) > 10
    assert max(seen["ends"] + seen["rows"]) < 4
    # The first thing the keyboard reaches leads past the overview; whatever has the focus shows it.
    assert seen["first"] == "skip"
    assert seen["skip"] < 0 <= seen["skipFocused"]
    assert [focus for focus in seen["focus"] if focus[0] is not True or focus[1] < 2] == []
    # Headings go down one level at a time.
    assert seen["headings"][0] == 1
    assert max(b - a for a, b in zip(seen["headings"], seen["headings"][1:], strict=False)) == 1


def test_the_browser_has_nothing_to_complain_about(tmp_path: Path) -> None:
    """Opened as it is, the page runs no script of an answer and leaves nothing in the console."""
    file = tmp_path / "report.html"
    katas = [result(PASSED, FAILED, NOT_STARTED), *map(hostile, ATTACKS)]
    file.write_bytes(html.render(Report(tuple(katas))).encode())
    done = run(file)
    assert "CONSOLE" not in done.stderr
    assert f"<title>asyncio katas: 0 of {len(katas)} solved</title>" in done.stdout


def test_a_console_would_be_heard(tmp_path: Path) -> None:
    """A page that complains is noticed, and the policy of the report keeps a script in it from running."""
    file = tmp_path / "report.html"
    text = html.render(Report(()))
    assert text.count("</body>") == 1
    file.write_text(text.replace("</body>", "<script>document.title = 'taken over'</script></body>"), encoding="utf-8")
    done = run(file)
    assert "CONSOLE" in done.stderr
    assert "<title>taken over" not in done.stdout
