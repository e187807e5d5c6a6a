"""Makes the pipe as small as the system allows, and answers without ever reading, so that the judge writes for ever.

Stopped by: the judge never waits for a pipe longer than for an answer; nor is a line right that was not asked for.
Ends: tampered, timeout
"""

import fcntl
import sys
import time


def link_of_the_worker():
    """Walk the frames up to the worker's main(), which holds the pipes."""
    frame = sys._getframe()
    while "link" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["link"]


link = link_of_the_worker()
fcntl.fcntl(link._lines.fileno(), getattr(fcntl, "F_SETPIPE_SZ", 1031), 4096)
link.rest(None)
time.sleep(10_000)
