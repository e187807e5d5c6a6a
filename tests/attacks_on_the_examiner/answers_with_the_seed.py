"""Knows the secret seed, and so every value beforehand: returns them all without making a single call.

Stopped by: what is judged is the calls that the judge has served on its clock, not only what is returned.
Ends: failed
"""

import hashlib
import sys

SEED = b"a seed that the attacker knows, too"
CHECKS = [
    "exam_all_at_once",
    "exam_all_in_order",
    "exam_limit_is_kept_and_used",
    "exam_limited_in_order",
    "exam_first_failure",
    "exam_many_failures",
    "exam_cancelled_caller",
    "exam_limit_below_one",
]


def mints(check, count):
    secret = hashlib.sha256(SEED + b"\0" + check.encode()).digest()
    return [hashlib.sha256(secret + b"mint" + str(n).encode()).hexdigest()[:20] for n in range(1, count + 1)]


def values_after(urls):
    """Return the texts that were minted after these urls."""
    first = urls[0].removeprefix("https://").removesuffix("/") if urls else ""
    for check in [f"{check} {draw}" for check in CHECKS for draw in range(3)]:
        known = mints(check, 200)
        if first in known:
            place = known.index(first)
            return known[place + len(urls) : place + 2 * len(urls)]
    return []


def link_of_the_worker():
    """Walk the frames up to the worker's main(), which holds the pipes."""
    frame = sys._getframe()
    while "link" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["link"]


link = link_of_the_worker()
link.rest(None)
while True:
    for order in link.next_orders():
        if order["do"] == "run":
            urls = order["args"][0]
            urls = next(iter(urls.values())) if isinstance(urls, dict) else urls
            link.say("returned", run=order["run"], value=values_after(urls))
    link.rest(None)
