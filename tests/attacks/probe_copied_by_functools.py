"""Lets the standard library copy the probe's attributes to a function of its own, to clear them there.

Stopped by: guards: whoever copies what a probe has gets nothing of it
Outcome: error
Kata: 06
"""

import functools


async def fetch_all(urls, fetch):
    urls = list(urls)
    wrapped = functools.wraps(fetch)(lambda: None)
    wrapped.spans.clear()
    return [await fetch(url) for url in urls]


async def fetch_limited(urls, fetch, *, limit):
    return await fetch_all(urls, fetch)
