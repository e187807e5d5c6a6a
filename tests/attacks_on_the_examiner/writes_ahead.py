"""Writes the lines of many turns at once, under the token of the first, so that the judge finds them waiting.

Stopped by: a line counts only under the token of the turn it answers, which comes with the judge's own line.
Ends: tampered
"""

import sys


def link_of_the_worker():
    """Walk the frames up to the worker's main(), which holds the pipes."""
    frame = sys._getframe()
    while "link" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["link"]


link = link_of_the_worker()
for _ in range(50):
    link.rest(None)
while True:
    link.next_orders()
