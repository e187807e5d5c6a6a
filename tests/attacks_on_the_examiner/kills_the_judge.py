"""Kills the process that judges it.

Stopped by: without a signed verdict there is no point; the program that started the judge goes on.
Ends: not_run
Ends behind layers: error
"""

import os
import signal

# Behind layers that is not the judge but what stands in between, and the kernel refuses.
os.kill(os.getppid(), signal.SIGKILL)


async def fetch_all(urls, fetch): ...


async def fetch_limited(urls, fetch, *, limit): ...
