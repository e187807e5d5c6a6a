"""Takes the check's coroutine from its task, and its frame from that.

Stopped by: tripwire: frames are out of bounds
Outcome: tampered
"""

import asyncio


async def greet(name):
    for task in asyncio.all_tasks():
        frame = getattr(task.get_coro(), "cr_" + "frame")
        print(frame)


wait = greet


async def wait(seconds):
    return "wrong"
