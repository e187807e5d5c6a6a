"""Keys, as terminals send them."""

from __future__ import annotations

import pytest

from asyncio_katas.watch.console import Keys


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        (b"n", ["n"]),
        (b"nhl", ["n", "h", "l"]),
        (b"\r\n", ["enter", "enter"]),
        (b"\x1b[A\x1bOB", ["up", "down"]),
        (b"\x1b[5~q", ["pageup", "q"]),
        ("é漢".encode(), ["é", "漢"]),
        (b"\x1b[15~\x1b[1;5Cn", ["n"]),
        (b"\x1b[200~rm\ny\x1b[A\x1b[201~n", ["n"]),
    ],
)
def test_keys_are_the_same_in_one_piece_and_byte_by_byte(sent: bytes, keys: list[str]) -> None:
    """A slow connection may deliver a sequence in pieces."""
    assert Keys().feed(sent) == keys
    slow = Keys()
    assert [key for byte in sent for key in slow.feed(bytes([byte]))] == keys
    assert not slow.begun


def test_escape_alone_is_a_key_when_nothing_follows() -> None:
    keys = Keys()
    assert keys.feed(b"\x1b") == []
    assert keys.begun
    assert keys.feed(b"") == ["escape"]
    assert not keys.begun
    assert keys.feed(b"n") == ["n"]
