"""Answers with numbers of a million digits, infinities, and lists in lists in lists.

Stopped by: every line is measured before anything in it is looked at.
Ends: tampered
"""

import os
import sys


def link_of_the_worker():
    """Walk the frames up to the worker's main(), which holds the pipes."""
    frame = sys._getframe()
    while "link" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["link"]


link = link_of_the_worker()
link.rest(None)
bodies = [
    b'"say": "idle", "wake": 1e400}',
    b'"say": "idle", "wake": ' + b"9" * 50_000 + b"}",
    b'"say": "call", "of": "x", "args": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    b'"say": "idle", "wake": NaN}',
    b'"say": "idle", "wake": ' + b"9" * 1_000_000 + b"}",
]
while True:
    link.next_orders()
    body = bodies[os.getpid() % len(bodies)]
    os.write(link._sink, b'{"turn": "' + link._turn.encode() + b'", ' + body + b"\n")
    link.rest(None)
