"""Lets the event loop set its own clock.

Stopped by: guards: asyncio's files are trusted, but not the one that calls back
Outcome: tampered
"""

import asyncio


async def wait(seconds):
    asyncio.get_running_loop().call_soon(setattr, asyncio.get_running_loop(), "_n" + "ow", 3.0)
    await asyncio.sleep(0)


async def greet(name):
    return "wrong"
