"""The lines between judge and worker, as the judge reads them: nothing is believed before it fits.

A value is JSON; what JSON does not have is an object with one key: {"tuple": [...]}, {"dict": [[key, value], ...]},
{"error": [type, text]}, {"group": [type, [members], text]}, {"object": token}, {"other": type}.
"""

from __future__ import annotations

import json
import math
from typing import Any

MAX_LINE = 64_000
MAX_DEPTH = 40
MAX_NODES = 20_000
_MAX_DIGITS = 18
_MAX_TEXT = 2_000
MAX_TIME = 1e9

# What a worker may say, with what each needs besides `turn` and `say`.
_SAID: dict[str, dict[str, type]] = {
    "call": {"of": str, "args": list},
    "cancelled": {"call": int},
    "notice": {"of": str, "args": list},
    "ask": {"of": str, "args": list},
    "returned": {"run": str, "value": object},
    "raised": {"run": str, "error": object},
    "idle": {"wake": object},
    "broken": {"error": object},
    "spins": {},
    "layers": {"layers": list},
}
_TAGS = {"tuple", "dict", "error", "group", "object", "other"}


class Breach(Exception):  # noqa: N818 - what happened, not an error of the program
    """The worker said what the program this project starts there never says; the argument tells what."""


def read(line: bytes) -> dict[str, Any]:
    """Return what a line says; raise Breach unless it is well-formed down to the last value."""
    if len(line) > MAX_LINE:
        raise Breach("a line without an end")
    try:
        said = json.loads(line, parse_int=_whole, parse_constant=_refuse)
    except (ValueError, RecursionError, MemoryError):
        raise Breach("a line that is no JSON") from None
    if type(said) is not dict or type(said.get("say")) is not str or type(said.get("turn")) is not str:
        raise Breach("a line that says nothing")
    fields = _SAID.get(said["say"])
    if fields is None or said.keys() != fields.keys() | {"say", "turn"}:
        raise Breach("a line of no known kind")
    for name, kind in fields.items():
        if kind is not object and type(said[name]) is not kind:
            raise Breach("a line whose parts are of the wrong kind")
        _measure(said[name])
    if "error" in fields and not is_error(said["error"]):
        raise Breach("an exception that is none")
    if said.get("wake") is not None:
        said["wake"] = _moment(said["wake"])
    return said


def is_error(value: object) -> bool:
    """Tell whether a value stands for an exception."""
    return type(value) is dict and value.keys() in ({"error"}, {"group"})


def same(one: object, other: object) -> bool:
    """Tell whether two values are equal in type and value, all the way down."""
    return json.dumps(one) == json.dumps(other)


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("too many digits")
    return int(digits)


def _refuse(name: str) -> float:
    raise ValueError(name)


def _moment(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise Breach("a moment that is none")
    if not 0 <= value <= MAX_TIME:
        raise Breach("a moment outside of time")
    return float(value)


def _measure(value: object) -> None:
    """Raise Breach unless a value is of the known kinds, and of a size somebody may want to look at."""
    left = [(value, 0)]
    nodes = 0
    while left:
        item, depth = left.pop()
        nodes += 1
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            raise Breach("a value beyond all measure")
        if type(item) is str and len(item) > _MAX_TEXT:
            raise Breach("a text beyond all measure")
        if type(item) is float and not math.isfinite(item):
            raise Breach("a number beyond all measure")
        if type(item) is list:
            left += [(inner, depth + 1) for inner in item]
        elif type(item) is dict:
            if len(item) != 1 or not item.keys() <= _TAGS:
                raise Breach("a value of no known kind")
            tag, inner = next(iter(item.items()))
            if not _fits(tag, inner):
                raise Breach("a value that is not what it says")
            left.append((inner, depth + 1))


def _fits(tag: str, inner: object) -> bool:
    if tag in {"object", "other"}:
        return type(inner) is str
    if type(inner) is not list:
        return False
    if tag == "dict":
        return all(type(pair) is list and len(pair) == 2 for pair in inner)
    if tag == "error":
        return [type(part) for part in inner] == [str, str]
    if tag == "group":
        return [type(part) for part in inner] == [str, list, str] and all(is_error(member) for member in inner[1])
    return True
