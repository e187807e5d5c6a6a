"""Names collaborators and runs that were never given to it, in the hope of hitting somebody else's.

Stopped by: a name has 80 random bits, and one that was never given ends the check as tampered with.
Ends: tampered
"""

import secrets
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
    link.next_orders()
    for _ in range(1000):
        link.say("returned", run=secrets.token_hex(10), value=[])
    link.rest(None)
