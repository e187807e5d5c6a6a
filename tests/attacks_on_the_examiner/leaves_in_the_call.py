"""Ends its process with success in the middle of the first turn.

Stopped by: an exit code decides nothing.
Ends: error
"""

import os


async def fetch_all(urls, fetch):
    os._exit(0)


async def fetch_limited(urls, fetch, *, limit):
    os._exit(0)
