"""Takes its turn and never gives it back.

Stopped by: a worker has so many seconds to come to rest; after the second silence nothing more is asked of it.
Ends: timeout
"""

import time


async def fetch_all(urls, fetch):
    time.sleep(10_000)


async def fetch_limited(urls, fetch, *, limit):
    time.sleep(10_000)
