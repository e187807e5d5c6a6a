"""What a learner reads is there in every language, and speaks of the same values."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Formatter

import pytest
from conftest import ROOT, Ran, run_katas
from translations import CATALOGS, LOCALES, Texts, all_texts, as_po, compiled, po_path, read, updated

from asyncio_katas import catalog, language
from asyncio_katas.lab.messages import Message
from asyncio_katas.records import Finding
from asyncio_katas.submission import grade_answer

ALL: Mapping[str, Texts] = all_texts()
KATAS = sorted((ROOT / "katas").glob("[0-9][0-9]_*"))
ANSWERED = [folder for folder in KATAS if (ROOT / "solutions" / folder.name / "wrong").is_dir()]
# The katas whose README is in English only.
UNTRANSLATED: frozenset[str] = frozenset()
WRONG = ROOT / "solutions" / "06_concurrency_limit" / "wrong" / "semaphore_inside_each_call.py"
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((http[^)]*)\)")
each_catalog = pytest.mark.parametrize(("locale", "name"), [(locale, name) for locale in LOCALES for name in ALL])


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("name", ALL)
def test_every_text_can_be_found(name: str) -> None:
    """No template is put together in a way that hides it: what is translated has to be a constant somewhere."""
    assert not ALL[name].problems


@each_catalog
def test_every_text_is_translated(locale: str, name: str) -> None:
    """Each text has its translation, and each translation its text. Run `nox -s translate` for the rest."""
    messages = {str(message.id): message for message in read(po_path(locale, name)) if message.id}
    assert not [text for text in ALL[name].found if text not in messages], "run: nox -s translate"
    assert not [text for text in messages if text not in ALL[name].found], "run: nox -s translate"
    assert not [text for text, message in messages.items() if not message.string or message.fuzzy]


@each_catalog
def test_translations_use_the_same_values(locale: str, name: str) -> None:
    """A translation has the fields of its text, and code in backticks and quotes is the same."""
    for message in read(po_path(locale, name)):
        text, translation = str(message.id), str(message.string)
        if not text:
            continue
        assert fields(text) == fields(translation), translation
        code = set(re.findall(r"`[^`]+`", text)) - {"`as`"}
        assert code <= set(re.findall(r"`[^`]+`", translation)), translation


@each_catalog
def test_catalogs_are_up_to_date(locale: str, name: str) -> None:
    """The text form is what `nox -s translate` writes, and the compiled form what it makes of that."""
    path = po_path(locale, name)
    assert as_po(updated(locale, name, ALL[name])) == path.read_bytes().replace(b"\r\n", b"\n"), "run: nox -s translate"
    assert compiled(read(path)) == path.with_suffix(".mo").read_bytes(), "run: nox -s translate"


def test_no_catalog_is_left_over() -> None:
    """Each catalog belongs to a kata that is there, or to the grader."""
    assert {path.stem for path in CATALOGS.rglob("*.?o")} == set(ALL)


def test_a_text_that_changed_is_noticed(tmp_path: Path) -> None:
    """`nox -s translate` marks the translation of a text that was changed, and fails until somebody has looked."""
    for part in ("graders", "katas", "noxfile.py", "tests"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile
        copy(ROOT / part, tmp_path / part)
    terminal = tmp_path / "graders" / "asyncio_katas" / "rendering" / "terminal.py"
    source = terminal.read_text(encoding="utf-8")
    assert "Your code printed:" in source
    terminal.write_text(source.replace("Your code printed:", "Your code has printed:"), encoding="utf-8")
    command = [sys.executable, "tests/translations.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, timeout=400)
    assert done.returncode == 1
    assert "grader.po: 1 of " in done.stdout
    assert "fuzzy" in (po := tmp_path / po_path("zh_CN", "grader").relative_to(ROOT)).read_text(encoding="utf-8")
    assert 'msgid "Your code has printed:"\nmsgstr "你的代码打印了：' in po.read_text(encoding="utf-8")


def templates(finding: Finding) -> Iterator[str]:
    def inside(message: Message) -> Iterator[str]:
        yield message.template
        for value in message.values.values():
            if isinstance(value, Message):
                yield from inside(value)

    for message in (finding.message, finding.look, finding.mark):
        if message:
            yield from inside(message)


@pytest.mark.parametrize("folder", ANSWERED, ids=lambda folder: folder.name)
def test_what_wrong_answers_are_told_is_translated(folder: Path) -> None:
    """Whatever a check says about a wrong answer is a text of the catalogs: nothing is said past them."""
    kata = catalog.load(folder)
    known = ALL[kata.slug].found.keys() | ALL["grader"].found.keys()

    def told(answer: Path) -> set[str]:
        checks = grade_answer(kata, answer, until_failure=True).checks
        return {text for check in checks for text in templates(check.finding)}

    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        heard = set().union(*pool.map(told, sorted((ROOT / "solutions" / folder.name / "wrong").glob("*.py"))))
    assert len(heard) > 10
    # A template of fields alone, joined from parts at run time, has nothing to translate.
    assert not [text for text in heard - known if re.search(r"[^\W\d_]", re.sub(r"\{\w+\}", "", text))]


@pytest.fixture
def chinese(katas: Callable[..., Ran]) -> Callable[..., Ran]:
    """The command, run by somebody whose locale is Chinese."""

    def run(*words: str | Path, **environment: str) -> Ran:
        return katas(*words, **({"LC_ALL": "zh_CN.UTF-8", "PYTHONUTF8": "1"} | environment))

    return run


def test_the_locale_decides(chinese: Callable[..., Ran]) -> None:
    """A Chinese locale is enough; `--lang` outranks it, wherever it stands."""
    assert "已解决 1/6 个" in chinese("check").out
    assert "solved 1 of 6" in chinese("check", "--lang", "en").out
    assert "已解决 1/6 个" in chinese("check", "--lang=zh-CN", LC_ALL="C").out
    assert "solved 1 of 6" in chinese("check", LC_ALL="de_DE.UTF-8").out


def test_errors_and_help_are_translated(chinese: Callable[..., Ran]) -> None:
    """Bad usage and help come in Chinese, click's own words included."""
    assert chinese("check", "nosuch").err.startswith("没有名为“nosuch”的 kata。")
    helped = chinese("check", "--help").out
    assert "检查你的答案" in helped
    assert "显示此帮助并退出" in helped
    assert "No such option" not in chinese("check", "--nosuch").err


def test_an_unknown_language_is_refused(katas: Callable[..., Ran]) -> None:
    """A language we do not have is one fact and a next step."""
    ran = katas("check", "--lang", "fr")
    assert (ran.code, ran.err) == (2, "'fr' is none of the languages here: en, zh-CN.\nNext: --lang en\n")


def test_json_stays_english_unless_asked(tmp_path: Path) -> None:
    """A program that reads the report finds the same texts everywhere; `--lang` gives others on request."""
    words = ("check", "06", "--format", "json", "--submission", tmp_path)
    shutil.copyfile(WRONG, tmp_path / "concurrency_limit.py")
    english = run_katas(*words, cwd=ROOT, LC_ALL="zh_CN.UTF-8", PYTHONUTF8="1").kata("concurrency_limit")
    chinese = run_katas(*words, "--lang", "zh-CN", cwd=ROOT).kata("concurrency_limit")
    assert english["title"] == "Limit what runs at once"
    assert chinese["title"] == "限制并发数"
    for before, after in zip(english["checks"], chinese["checks"], strict=True):
        assert before["outcome"] == after["outcome"]
        assert before["title"] != after["title"]
        assert before["message"] is None or before["message"] != after["message"]


def test_a_window_without_chinese_signs_gets_english(katas: Callable[..., Ran]) -> None:
    """Where the encoding has no Chinese, question marks would help nobody."""
    assert "solved 1 of 6" in katas("check", LC_ALL="zh_CN", PYTHONIOENCODING="ascii", PYTHONUTF8="0").out


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:zh_CN:en"}, "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en"}, "en"),
        ({"LC_ALL": "C", "LANGUAGE": "zh_CN"}, "en"),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "zh_Hans_SG"}, "zh-CN"),
        ({"LANG": "zh_TW.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN.GBK@pinyin"}, "zh-CN"),
    ],
)
def test_the_environment_follows_the_rules_of_gettext(environment: dict[str, str], expected: str) -> None:
    """LC_ALL, LC_MESSAGES and LANG in this order, and before them the list in LANGUAGE."""
    assert language.preferred(environment) == expected


def test_the_system_speaks_where_the_environment_is_silent() -> None:
    """On Windows the language of the screens counts, unless somebody has set a variable."""
    assert language.preferred({}, "zh_CN") == "zh-CN"
    assert language.preferred({"LANG": "en_US.UTF-8"}, "zh_CN") == "en"


def shape(text: str) -> list[str]:
    """Return what two languages have in common: headings by level, list items, rows of tables and quotes, in order."""
    found = []
    for line in _FENCE.sub("```", text).splitlines():
        mark = re.match(r"#+ |- |\d+\. |\||> |```", line)
        if mark:
            found.append(mark[0])
    return found


@pytest.mark.parametrize("folder", KATAS, ids=lambda folder: folder.name)
def test_readmes_correspond(folder: Path) -> None:
    """A Chinese README has the sections, the code, its output and the links of the English one."""
    path = folder / "README.zh-CN.md"
    if folder.name in UNTRANSLATED:
        assert not path.exists(), "take it off the list"
        return
    english, chinese = (folder / "README.md").read_text(encoding="utf-8"), path.read_text(encoding="utf-8")
    assert english.splitlines()[2] == "English · [简体中文](README.zh-CN.md)"
    assert chinese.splitlines()[2] == "[English](README.md) · 简体中文"
    assert _FENCE.findall(chinese) == _FENCE.findall(english)
    assert shape(chinese) == shape(english)
    links = [
        link.replace("https://docs.python.org/3/", "https://docs.python.org/zh-cn/3/")
        for link in _LINK.findall(english)
    ]
    assert sorted(_LINK.findall(chinese)) == sorted(links)
    title = next(text for text in ALL[folder.name[3:]].found if f" · {text}\n" in english)
    language.use("zh-CN")
    try:
        assert chinese.startswith(f"# {folder.name[:2]} · {language.translate(title, folder.name[3:])}\n")
    finally:
        language.use("en")


def test_the_course_in_chinese_lists_every_kata() -> None:
    """The Chinese README of the course links to each kata's, under its title, and to the English one."""
    text = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
    assert "[简体中文](README.zh-CN.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "[English](README.md)" in text
    for folder in KATAS:
        title = (folder / "README.zh-CN.md").read_text(encoding="utf-8").splitlines()[0].partition(" · ")[2]
        row = f"| [{folder.name[:2]} {folder.name[3:]}](katas/{folder.name}/README.zh-CN.md) | {title} |"
        assert row in text.splitlines()


@pytest.mark.parametrize("folder", KATAS, ids=lambda folder: folder.name)
def test_chinese_is_set_as_the_documentation_does(folder: Path) -> None:
    """Full-width punctuation after Chinese signs, and a space between Chinese and Latin words."""
    texts = [str(message.string) for message in read(po_path("zh_CN", folder.name[3:])) if message.id]
    readme = folder / "README.zh-CN.md"
    if readme.exists():
        texts += re.sub(r"`[^`\n]+`", "`x`", _FENCE.sub("", readme.read_text(encoding="utf-8"))).splitlines()
    for text in texts:
        plain = re.sub(r"\{\w+\}|\]\([^)]*\)|\*\*", "", text)
        assert not re.search(r"[一-鿿][,;:!?.]|[一-鿿][A-Za-z0-9`]|[A-Za-z0-9`][一-鿿]", plain), text


def test_timelines_line_up_with_wide_signs(tmp_path: Path) -> None:
    """The mark stands below its moment, and no line is wider than the window, also in Chinese."""
    from rich.cells import cell_len  # noqa: PLC0415 - of this test alone

    shutil.copyfile(WRONG, tmp_path / "concurrency_limit.py")
    ran = run_katas("check", "06", "--lang", "zh-CN", "--submission", tmp_path, cwd=ROOT)
    lines = ran.out.splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert any("▲" in line and "同时进行" in line for line in lines)
