"""The first sentence of a message, which a report for people says loudest."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r".+?(?:[.!?](?=\s+[^\sa-z]|$)|[。！？]|$)", re.MULTILINE)


def split(message: str) -> tuple[str, str]:
    """Split a message, if any, after its first sentence; what follows keeps its lines and their indentation."""
    message = message.strip()
    match = _SENTENCE.match(message)
    end = match.end() if match else 0
    return message[:end], message[end:].lstrip(" ").removeprefix("\n")
