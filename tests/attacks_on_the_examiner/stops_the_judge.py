"""Stops the judge's process, so that it never comes to a verdict.

Stopped by: the program that started the judge waits so long and no longer, and then ends both.
Ends: not_run
Ends behind layers: error
"""

import os
import signal

# Behind layers that is not the judge but what stands in between, and the kernel refuses.
os.kill(os.getppid(), signal.SIGSTOP)


async def fetch_all(urls, fetch): ...


async def fetch_limited(urls, fetch, *, limit): ...
