"""Makes all calls and ends the run in one breath, before any of them has been answered.

Stopped by: the end of the run comes before the end of its calls, on the judge's clock; and the values are unknown.
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
            urls = next(iter(urls.values())) if isinstance(urls, dict) else urls
            for url in urls:
                link.say("call", of=order["args"][1]["service"][0], args=[url])
            link.say("returned", run=order["run"], value=[url.upper() for url in urls])
    link.rest(None)
