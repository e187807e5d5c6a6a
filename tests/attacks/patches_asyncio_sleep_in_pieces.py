"""Replaces asyncio.sleep under a name that is put together.

Stopped by: integrity: asyncio's functions are watched
Outcome: tampered
"""

import asyncio


async def at_once(*_):
    return None


vars(asyncio)["sl" + "eep"] = at_once


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
