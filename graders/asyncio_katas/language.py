"""The language a learner reads: which one it is, and its texts. English is the key, and needs no catalog.

The sessions of the noxfile import this module too, on whatever Python runs nox: it needs the standard library alone.
"""

from __future__ import annotations

import gettext
import locale
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

CATALOGS = Path(__file__).parent / "locale"
# Of each language, as `--lang` and file names call it: its folder of catalogs.
LANGUAGES = {"en": "", "zh-CN": "zh_CN"}
# The catalog of the grader's own texts; each kata has one under its slug.
GRADER = "grader"
# Whoever set the locale to one of these asked for no language, and a list of languages does not count then.
_NO_LANGUAGE = {"C", "POSIX"}
_SIMPLIFIED = {"zh", "zh_cn", "zh_sg", "zh_my", "zh_hans"}


class _Speaker:
    language = "en"


_speaker = _Speaker()


def named(arguments: Sequence[str]) -> str | None:
    """Return what these arguments of a command line give as `--lang`, if anything."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == "--lang" and following:
            return following
        if word.startswith("--lang="):
            return word.partition("=")[2]
    return None


def match(name: str) -> str | None:
    """Return the language we have for the name of a language or locale, like zh-CN, zh_CN.UTF-8 or zh_Hans_CN."""
    plain = name.partition(".")[0].partition("@")[0].replace("-", "_").lower()
    if plain.partition("_")[0] == "en":
        return "en"
    return "zh-CN" if plain in _SIMPLIFIED or plain.startswith("zh_hans_") else None


def preferred(environment: Mapping[str, str], system: str = "") -> str:
    """Return the language of an environment, by gettext's rules; `system` is the platform's own where it is silent."""
    asked = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    if asked.partition(".")[0] in _NO_LANGUAGE:
        return "en"
    wanted = [*environment.get("LANGUAGE", "").split(":"), asked or system]
    return next((found for name in wanted if name and (found := match(name))), "en")


def chosen(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the language to speak: the one these arguments name if we have it, else the environment's."""
    return match(named(arguments) or "") or preferred(environment, system_language())


def system_language() -> str:
    """Return the language of Windows' own screens as a locale's name; elsewhere the environment says it all."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - not everywhere

        return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    return ""


def spoken() -> str:
    """Return the language in use, by the name that HTML and `--lang` have for it."""
    return _speaker.language


def use(language: str) -> None:
    """Speak this language from now on."""
    _speaker.language = language


def translate(text: str, catalog: str = GRADER) -> str:
    """Return a text in the language in use, or as it is where the catalog lacks it."""
    return _catalog(catalog, _speaker.language).gettext(text) if text else ""


@cache
def _catalog(name: str, language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    found = gettext.translation(name, str(CATALOGS), [LANGUAGES[language]], fallback=True)
    if name != GRADER:
        found.add_fallback(_catalog(GRADER, language))
    return found


def say(template: str, **values: object) -> str:
    """Fill in a sentence of the grader, in the language in use."""
    return translate(template).format_map(values)


def document(path: Path) -> Path:
    """Return a document in the language in use, if it lies beside this one: README.zh-CN.md beside README.md."""
    other = path.with_suffix(f".{_speaker.language}{path.suffix}")
    return other if other.exists() else path
