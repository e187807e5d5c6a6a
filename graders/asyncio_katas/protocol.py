"""What parent and child say to each other: the job going in, and the journal coming out.

The journal is read with suspicion: every line is untrusted until it fits the schema.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import InitVar, asdict, dataclass, field
from hmac import compare_digest
from string import Formatter
from typing import Any

from asyncio_katas.lab.messages import Message
from asyncio_katas.records import Finding, Outcome, Spot
from asyncio_katas.sealing import sealer

MAX_LINE = 256_000
MAX_BYTES = 16_000_000
_MAX_TEXT = 20_000
_MAX_SPANS = 200
_MAX_FIELDS = 20
_MAX_SAID = _MAX_TEXT * _MAX_FIELDS
_MAX_TIME = 1e12
_HARD_LIMIT = re.compile(r"^Timeout \(")
# Build servers obey lines that begin with such, and older ones wherever it stands.
_COMMAND = re.compile(r":(?=:[A-Za-z-]+[ :]|:[A-Za-z-]+,)|#(?=#\[)")
_ALARM = '{"event": "alarm"'
_FORGED = "A record arrived in the grader's journal that the grader did not write."
_NO_POINTS = "A kata whose grading was interfered with earns no points. If this is a mistake, show it to your teacher."
_TRACE_LINE = re.compile(r'^  File "(.+)", line (\d+) in (.+)$')


@dataclass(frozen=True)
class Job:
    """What a child is to run: folders below its root, without the checks in `skip` ("slug::check").

    With `until_failure` it runs no further check after the first that does not pass. With a `key`, every record has
    to be sealed.
    """

    folders: list[str]
    skip: list[str]
    until_failure: bool = False
    key: str = ""

    def line(self) -> bytes:
        """Return the job as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Job:
        """Read what `line()` wrote."""
        return cls(**json.loads(line))


@dataclass
class Journal:
    """Everything one child said, in order; `trailer` is what it printed from C while it was dying.

    `heard` tells whether any record arrived at all, `isolation` what stood between the answer and the grader. With a
    `key`, a record that the recorder did not seal is no record: somebody `tampered`.
    """

    key: InitVar[str] = ""
    findings: dict[str, Finding] = field(default_factory=dict)
    broken: dict[str, Finding] = field(default_factory=dict)
    importing: str | None = None
    current: str | None = None
    ended: bool = False
    trailer: list[str] = field(default_factory=list)
    rejected: int = 0
    heard: bool = False
    isolation: str = ""
    tampered: Finding | None = None

    def __post_init__(self, key: str) -> None:
        self._seal = sealer(key) if key else None

    def feed(self, line: bytes) -> None:
        """Take in one line; one that does not fit is counted and otherwise ignored."""
        text = line.decode("utf-8", "replace").rstrip("\n")
        if not text.startswith("{"):
            self.trailer = [*self.trailer[-60:], clean(text)[:500]]
            return
        try:
            if self._seal and not text.startswith(_ALARM):
                text = self._opened(line.rstrip(b"\n"))
                if not text:
                    return
            record = json.loads(text)
            self._take(record)
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
            self.rejected += 1

    def _opened(self, line: bytes) -> str:
        """Return a record without its seal, or nothing where that is not the recorder's."""
        assert self._seal is not None
        body, _, seal = line.rpartition(b" ")
        if compare_digest(self._seal(body), seal):
            return body.decode()
        self.tampered = self.tampered or Finding(Outcome.TAMPERED, Message(_FORGED), Message(_NO_POINTS))
        return ""

    def _take(self, record: dict[str, Any]) -> None:
        event = record["event"]
        self.heard = True
        if event == "import":
            self.importing = _string(record["kata"])
        elif event == "imported":
            self.importing = None
        elif event == "broken":
            self.broken.setdefault(_string(record["kata"]), finding(record))
        elif event == "begin":
            self.current = _string(record["check"])
        elif event == "verdict":
            check = _string(record["check"])
            # Said twice: whoever wrote the second line was not the recorder.
            self.findings[check] = _twice() if check in self.findings else finding(record)
            self.current = None if self.current == check else self.current
        elif event == "end":
            self.ended = True
        elif event == "isolation":
            self.isolation = ", ".join(_string(layer) for layer in record["layers"])
        elif event == "alarm":
            # Believed unseen: nobody gains by raising one.
            message = _message(record["message"]) or Message(_FORGED)
            self.tampered = self.tampered or Finding(Outcome.TAMPERED, message, Message(_NO_POINTS))
        else:
            raise ValueError(event)

    @property
    def hard_limit(self) -> bool:
        """Whether the child was ended by its limit in C."""
        return any(_HARD_LIMIT.match(line) for line in self.trailer)

    def stopped_at(self, folder: str) -> Spot | None:
        """Return the innermost line of a dying child's stack that lies in `folder` and is no check's."""
        for line in self.trailer:
            match = _TRACE_LINE.match(line)
            if match and match[1].startswith(folder) and "/test_" not in match[1].replace("\\", "/"):
                return Spot(match[1], int(match[2]), "")
        return None


def clean(text: str) -> str:
    """Neutralise control characters and commands, so that no text can steer a terminal or a build server."""
    text = _COMMAND.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
    if text.isprintable():
        return text
    return "".join(char if char in "\n\t" or char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def finding(record: dict[str, Any]) -> Finding:
    """Return the finding that a record tells of; one that does not fit the schema raises, most often a ValueError."""
    outcome = Outcome(record["outcome"])
    message = _message(record.get("message"))
    if outcome is not Outcome.PASSED and message is None:
        raise ValueError("a failure without a message")
    spot = record.get("spot")
    return Finding(
        outcome,
        message,
        _message(record.get("look")),
        Spot(_string(spot["path"]), int(spot["line"]), _string(spot["source"])) if spot else None,
        _string(record.get("output", "")),
        _timeline(record.get("timeline")),
        _message(record.get("mark")),
    )


def _twice() -> Finding:
    return Finding(Outcome.TAMPERED, Message("Two verdicts arrived for this check, where the grader writes one."))


def _message(value: Any) -> Message | None:
    if value is None:
        return None
    values = {_string(name): _value(text) for name, text in value["values"].items()}
    template = _string(value["template"])
    # A width in a field, or a field many times over, would make a short record a very long text.
    fields = [part for part in Formatter().parse(template) if part[1] is not None]
    if len(fields) > _MAX_FIELDS or any(spec or conversion for _, _, spec, conversion in fields):
        raise ValueError(template)
    message = Message(template, values)
    if _length(message) > _MAX_SAID:
        raise ValueError(template)
    return message


def _value(value: Any) -> str | Message:
    return _message(value) or "" if type(value) is dict else _string(value)


def _length(said: str | Message) -> int:
    """Return an upper bound of a text's length without making the text: a message's fields may repeat its values."""
    if isinstance(said, str):
        return len(said)
    lengths = {name: _length(value) for name, value in said.values.items()}
    names = (name for _, name, _, _ in Formatter().parse(said.template) if name is not None)
    return len(said.template) + sum(lengths[name] for name in names)


def _string(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(type(value))
    return clean(value[:_MAX_TEXT])


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise TypeError(type(value))
    return min(max(float(value), 0.0), _MAX_TIME)


def _timeline(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    mark = value["mark"]
    return {
        "end": _number(value["end"]),
        "spans": [
            {
                "label": _string(span["label"])[:80].replace("\n", " "),
                "start": _number(span["start"]),
                "end": None if span["end"] is None else _number(span["end"]),
                "how": {"running": "running", "returned": "returned", "raised": "raised", "cancelled": "cancelled"}[
                    span["how"]
                ],
                "cleanup": None if span["cleanup"] is None else _number(span["cleanup"]),
                "due": None if span.get("due") is None else _number(span["due"]),
            }
            for span in value["spans"][:_MAX_SPANS]
        ],
        "more": int(_number(value["more"])),
        "mark": {
            "at": _number(mark["at"]),
            "text": _string(mark["text"]),
            "due": None if mark.get("due") is None else _number(mark["due"]),
        }
        if mark
        else None,
    }
