"""Says of every call that it was cancelled as soon as one has failed or the caller is cancelled, and waits for nothing.

Stopped by: a cancelled call stays in flight until the judge has let its cleanup end; the end came before that. Nor
does a limit hold because its keeper says so: the calls are counted where they come in.
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
    calls, run = 0, None
    for _ in iter(int, 1):
        orders = link.next_orders()
        for order in orders:
            if order["do"] == "run":
                run, urls = order["run"], order["args"][0]
                urls = next(iter(urls.values())) if isinstance(urls, dict) else urls
                for url in urls:
                    link.say("call", of=order["args"][1]["service"][0], args=[url])
                    calls += 1
        over = [order for order in orders if order["do"] in {"settle", "cancel"}]
        if over and run:
            for call in range(calls):
                if call != over[0].get("call"):
                    link.say("cancelled", call=call)
            error = over[0].get("value")
            error = error if isinstance(error, dict) else {"error": ["CancelledError", ""]}
            link.say("raised", run=run, error=error)
            run = None
        link.rest(None)
        if orders[-1]["do"] == "close" if orders else False:
            break
