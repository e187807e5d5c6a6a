"""Makes every semaphore let everybody in.

Stopped by: integrity: asyncio's classes are watched
Outcome: tampered
"""

import asyncio


async def open_door(self):
    return True


kind = asyncio.Semaphore
setattr(kind, "acquire", open_door)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
