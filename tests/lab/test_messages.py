"""Words and comparisons: nothing the code under test hands over can break or fool them."""

from __future__ import annotations

from typing import Any

import pytest

from asyncio_katas.lab import Mark, expect, expect_same, fail, same, show
from asyncio_katas.lab.messages import CheckFailed, Message, describe, moment


class Yes:
    """Equals everything, and is true."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("a")

    def __bool__(self) -> bool:
        return True


class OwnList(list[Any]):
    """A list that is none."""


class OwnInt(int):
    """An int that is none."""


class OwnStr(str):
    """A str that is none."""


class OwnDict(dict[Any, Any]):
    """A dict that is none."""


DIFFERENT: list[tuple[object, object]] = [
    (Yes(), 1),
    (Yes(), [1]),
    ([Yes()], [1]),
    ([[1, Yes()]], [[1, 2]]),
    ({"a": Yes()}, {"a": 1}),
    ({Yes(): 1}, {"a": 1}),
    ((1, Yes()), (1, 2)),
    (OwnList([1]), [1]),
    ([OwnList([1])], [[1]]),
    (OwnInt(1), 1),
    ([OwnInt(1)], [1]),
    (OwnStr("a"), "a"),
    ({"a": OwnStr("a")}, {"a": "a"}),
    ({OwnStr("a"): 1}, {"a": 1}),
    (OwnDict(a=1), {"a": 1}),
    (True, 1),
    (1, True),
    ([True], [1]),
    (1.0, 1),
    ([1], (1,)),
    ([1, 2], [1]),
    ([1], [1, 2]),
    ([1, 2], [2, 1]),
    ({"a": 1, "b": 2}, {"a": 1}),
    ({"a": 1}, {"a": 1, "b": 2}),
    (None, False),
    (b"a", "a"),
    (object(), object()),
]


@pytest.mark.parametrize(("actual", "expected"), DIFFERENT)
def test_unlike_things_are_not_the_same(actual: object, expected: object) -> None:
    """Another type, another value or an object that equals everything is not the expected result."""
    assert same(actual, expected) is False


@pytest.mark.parametrize(
    "value",
    [
        1,
        0.5,
        "a",
        b"a",
        None,
        True,
        [],
        [1, "a", None],
        (1, (2, [3])),
        {"a": [1, {"b": 2.0}]},
        {},
        object(),
        LookupError(),
    ],
)
def test_like_things_are_the_same(value: object) -> None:
    """Equal plain values, equal containers of them, and one and the same object are the same."""
    again = list(value) if type(value) is list else dict(value) if type(value) is dict else value
    assert same(again, value) is True


@pytest.mark.parametrize("condition", [1, "yes", [1], Yes(), None, 0, object()])
def test_only_true_is_true(condition: Any) -> None:
    """What merely claims to be true fails the check."""
    with pytest.raises(CheckFailed):
        expect(condition, "no")


def test_true_passes_and_false_fails_with_its_words() -> None:
    """True passes; False fails with the filled template, the pointer and nothing else."""
    expect(True, "no")
    with pytest.raises(CheckFailed) as caught:
        expect(False, "{count} of {what} at t={t}", look="See {what}.", count=3, what="{braces}", t=0.1 + 0.2)
    assert str(caught.value) == "3 of {braces} at t=0.3"
    assert str(caught.value.look) == "See {braces}."


def test_difference_is_shown() -> None:
    """A wrong result is shown beside the expected one."""
    expect_same([1], [1], "no")
    with pytest.raises(CheckFailed, match=r"got \[1\], not \[True\]"):
        expect_same([1], [True], "got {actual}, not {expected}")


class Hostile:
    """Breaks whoever looks at it."""

    error: type[BaseException] = RuntimeError

    def __repr__(self) -> str:
        raise self.error

    def __str__(self) -> str:
        raise self.error

    def __format__(self, spec: str) -> str:
        raise self.error

    def __eq__(self, other: object) -> bool:
        raise self.error

    def __hash__(self) -> int:
        return 1

    def __lt__(self, other: object) -> bool:
        raise self.error


class HostileExit(Hostile):
    """Ends the program of whoever looks at it."""

    error = SystemExit


class HostileCancel(Hostile):
    """Leaves by an exception that is no Exception."""

    error = GeneratorExit


class Unbound:
    """Has no class to ask for."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("unbound")


class Meta(type):
    """Gives classes without a name."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("nameless")

    def __repr__(cls) -> str:
        raise RuntimeError("nameless")


class Nameless(metaclass=Meta):
    """Has a class without a name."""


class Mute(Exception):  # noqa: N818
    """Says nothing."""

    def __str__(self) -> str:
        raise SystemExit


class Liar(Exception):  # noqa: N818
    """Says something that is no honest text."""

    def __str__(self) -> str:
        class Text(str):
            def __len__(self) -> int:
                raise RuntimeError

            def __format__(self, spec: str) -> str:
                raise RuntimeError

            def __bool__(self) -> bool:
                raise RuntimeError

        return Text("text")


# Made by name: pytest itself does not survive some of them as parameters.
HOSTILE: dict[str, Any] = {
    "repr": Hostile,
    "exit": HostileExit,
    "generator exit": HostileCancel,
    "class": Unbound,
    "metaclass": Nameless,
    "nameless class": lambda: Nameless,
    "mute error": Mute,
    "lying error": Liar,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_objects_are_shown(name: str) -> None:
    """An object that breaks whoever looks at it is shown all the same, alone and inside containers."""
    value = HOSTILE[name]()
    for thing in (value, [value], (1, value), {1: value}, {"a": [value]}):
        text = show(thing)
        assert type(text) is str
        assert len(text) < 500
    loop: list[Any] = [value]
    loop.append(loop)
    assert type(show(loop)) is str
    assert type(str(Message.of("{value}", {"value": value}))) is str
    assert same([value], [1]) is False


def test_sets_and_keys_of_hostile_objects_are_shown() -> None:
    """Containers that compare their contents are shown although that breaks."""
    for thing in ({Hostile()}, {Hostile(): 1}, {HostileExit()}, frozenset([HostileExit()])):
        assert type(show(thing)) is str


def test_texts_stay_short() -> None:
    """A result of any size is shown in a few lines."""
    for thing in (
        "x" * 100_000,
        list(range(100_000)),
        [["x" * 1000] * 1000] * 1000,
        10**4000,
        dict.fromkeys(range(999), "x" * 99),
    ):
        assert len(show(thing)) < 3000
    assert len(describe(LookupError("x" * 100_000))) < 400


def test_errors_are_described() -> None:
    """An exception is described by its type and text."""
    assert describe(LookupError("no url")) == "LookupError: no url"
    assert describe(LookupError()) == "LookupError"
    assert show(LookupError("no url")) == "LookupError: no url"


def test_moments_read_like_numbers() -> None:
    """Loop times are written as people write them."""
    assert [moment(value) for value in (3.0, 0.25, 0.1 + 0.2, 259_200.0)] == ["3", "0.25", "0.3", "259200"]


def test_fail_always_fails() -> None:
    """fail() raises its one sentence."""
    with pytest.raises(CheckFailed, match="gone"):
        fail("gone")


def test_messages_are_joined_and_listed() -> None:
    """Several messages make one, a line each or as a list in words; each part stays a message of its own."""
    parts: list[str | Message] = [Message("{n} tasks", {"n": "2"}), "as it is"]
    assert str(Message.joined(parts)) == "2 tasks\nas it is"
    assert str(Message.joined(parts, ", ")) == "2 tasks, as it is"
    assert [str(Message.listed(names)) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_the_text_at_a_mark_is_filled_from_the_values() -> None:
    """The text at the moment to look at is a template like the message and the pointer."""
    with pytest.raises(CheckFailed) as caught:
        fail("{n} ran.", look="Not {n}.", mark=Mark(2, "{n} at once"), n=8)
    assert caught.value.mark == Mark(2, Message("{n} at once", {"n": "8"}))
