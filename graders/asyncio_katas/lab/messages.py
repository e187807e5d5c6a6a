"""What a check says: templates with named values, and exact comparison."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from asyncio_katas.lab.timeline import Mark


class _Shorten(reprlib.Repr):
    """Shows the insides of containers; of foreign objects only the class, like `show` itself."""

    def repr_instance(self, x: Any, level: int) -> str:
        if type(x) in _PLAIN or issubclass(type(x), BaseException):
            return super().repr_instance(x, level)
        return f"<{_name(type(x))} object>"


_shorten = _Shorten()
_shorten.maxlevel = 3
_shorten.maxlist = _shorten.maxtuple = _shorten.maxdict = _shorten.maxset = 12
_shorten.maxstring = _shorten.maxother = 80

# A few lines: what is longer is not read.
_MAX_SHOWN = 600
# Objects in the text of an exception, as Python shows them: with addresses, or all that a task is about.
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+>")
_TASK = re.compile(r"<((?:\w+\.)*_?(?:Task|Future|GatheringFuture)) .*>")
_PLAIN = (str, bytes, int, float, bool, type(None))


def show(value: object) -> str:
    """Return a short text for any object, without trusting its `__repr__`."""
    # Not isinstance(): that asks the object for its `__class__`, which may raise or lie.
    kind = type(value)
    if issubclass(kind, BaseException):
        return describe(cast(BaseException, value))
    if kind in _PLAIN or kind in (list, tuple, dict, set, frozenset):
        try:
            text = _exact(_shorten.repr(value))
            return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."
        except BaseException:  # noqa: BLE001 - a foreign __repr__ inside a container may raise anything
            return f"<{kind.__name__}>"
    if issubclass(kind, type):
        return _name(cast(type, value))
    return f"<{_name(kind)} object>"


def describe(error: BaseException) -> str:
    """Return `Type: text` of an exception, without addresses, surviving a broken `__str__`."""
    try:
        text = _TASK.sub(r"<\1 ...>", _ADDRESS.sub(">", _exact(str(error))))
    except BaseException:  # noqa: BLE001 - the text of a foreign exception may raise anything
        text = ""
    text = text if len(text) <= 300 else text[:297] + "..."
    return f"{_name(type(error))}: {text}" if text else _name(type(error))


def _name(kind: type) -> str:
    """Return the name of a class, whatever its metaclass makes of it."""
    return _exact(type.__dict__["__name__"].__get__(kind))


def _exact(text: str) -> str:
    """Return text of the built-in type, also for a subclass of it."""
    return "".join((text, ""))  # noqa: FLY002 - an f-string would call the subclass


def moment(seconds: float) -> str:
    """Return loop time as people write it: 3, 0.25, 1e+06."""
    return f"{seconds:g}"


@dataclass(frozen=True)
class Message:
    """A template and the named values that fill it; text only, so that it crosses a process boundary.

    A value is text that no language changes, or a message of its own.
    """

    template: str
    values: Mapping[str, str | Message] = field(default_factory=dict)

    @classmethod
    def of(cls, template: str, values: Mapping[str, object]) -> Message:
        """Fill in values: text and messages stay as they are, numbers and other objects are shown shortly."""
        return cls(template, {name: _text(value) for name, value in values.items()})

    @classmethod
    def joined(cls, messages: Iterable[str | Message], separator: str = "\n") -> Message:
        """Return one message of several, a line each where nothing else is to stand between them."""
        named = {f"part{number}": message for number, message in enumerate(messages, start=1)}
        return cls(separator.join(f"{{{name}}}" for name in named), named)

    @classmethod
    def listed(cls, messages: Sequence[str | Message]) -> Message:
        """Return one message that lists several: "a, b and c"."""
        *others, last = messages or [""]
        if not others:
            return cls.joined([last])
        listed = cls.joined(others[:1])
        for following in others[1:]:
            listed = Message("{others}, {next}", {"others": listed, "next": following})
        return Message("{others} and {last}", {"others": listed, "last": last})

    def __str__(self) -> str:
        return self.template.format_map(self.values)


def _text(value: object) -> str | Message:
    if type(value) is str or type(value) is Message:
        return value
    if type(value) is float:
        return moment(value)
    return show(value)


class CheckFailed(AssertionError):  # noqa: N818 - a verdict, not an error of the program
    """A check's judgement: what was seen, where to look, and the moment to mark in the timeline."""

    def __init__(self, message: Message, look: Message | None = None, mark: Mark | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.look = look
        self.mark = mark


def fail(template: str, /, *, look: str = "", mark: Mark | None = None, **values: object) -> NoReturn:
    """Fail the check with one fact (`template`) and one pointer (`look`), filled from `values` like the mark's text."""
    __tracebackhide__ = True
    raise CheckFailed(
        Message.of(template, values),
        Message.of(look, values) if look else None,
        replace(mark, text=Message.of(mark.text, values)) if mark and isinstance(mark.text, str) else mark,
    )


def expect(condition: bool, template: str, /, *, look: str = "", mark: Mark | None = None, **values: object) -> None:
    """Fail the check unless `condition` is exactly True; an object that merely claims to be true does not pass."""
    __tracebackhide__ = True
    if condition is not True:
        fail(template, look=look, mark=mark, **values)


def same(actual: object, expected: object) -> bool:
    """Tell whether two results are equal in type and value, all the way down.

    Containers are compared element by element; everything that is no plain value is compared by identity,
    so that an object whose `__eq__` always agrees, or a list subclass, is not the expected result.
    """
    if type(actual) is not type(expected):
        return False
    if isinstance(actual, list | tuple) and isinstance(expected, list | tuple):
        return len(actual) == len(expected) and all(same(a, e) for a, e in zip(actual, expected, strict=True))
    if isinstance(actual, dict) and isinstance(expected, dict):
        keys = {key: key for key in actual}
        return len(actual) == len(expected) and all(
            key in keys and same(keys[key], key) and same(actual[key], expected[key]) for key in expected
        )
    if isinstance(expected, _PLAIN):
        return bool(actual == expected)
    return actual is expected


def expect_same(
    actual: object,
    expected: object,
    template: str,
    /,
    *,
    look: str = "",
    mark: Mark | None = None,
    **values: object,
) -> None:
    """Fail the check unless `actual` is exactly `expected`; the template may use {actual} and {expected}."""
    __tracebackhide__ = True
    if not same(actual, expected):
        shown = {"actual": show(actual), "expected": show(expected), **values}
        fail(template, look=look, mark=mark, **shown)
