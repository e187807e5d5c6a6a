"""Says well-formed lines without end, under the right token.

Stopped by: a turn has so many lines and no more; what is not read yet makes the worker wait, not the judge's memory.
Ends: tampered, failed
"""

import sys


def link_of_the_worker():
    """Walk the frames up to the worker's main(), which holds the pipes."""
    frame = sys._getframe()
    while "link" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["link"]


link = link_of_the_worker()
link.rest(None)
while True:
    orders = link.next_orders()
    of = next((order["args"][1]["service"][0] for order in orders if order["do"] == "run"), None)
    while True:
        link.say("call", of=of or "", args=["https://flood/" + "x" * 1000])
