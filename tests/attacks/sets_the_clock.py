"""Sets the virtual clock instead of waiting.

Stopped by: guards: only the lab moves the clock
Outcome: tampered
"""

import asyncio


async def wait(seconds):
    asyncio.get_running_loop()._now += seconds


async def greet(name):
    return "wrong"
