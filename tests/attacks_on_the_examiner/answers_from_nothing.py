"""Ends every run at once with a plausible value, without asking anybody for anything.

Stopped by: a value is a random text that the judge hands out only as the end of a call that it has served.
Ends: failed
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
    for order in link.next_orders():
        if order["do"] == "run":
            urls = order["args"][0]
            count = len(urls["iterator"] if isinstance(urls, dict) and "iterator" in urls else urls)
            link.say("returned", run=order["run"], value=[f"{place:020x}" for place in range(count)])
    link.rest(None)
