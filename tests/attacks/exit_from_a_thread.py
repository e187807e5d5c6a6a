"""A thread ends the process with a success code while the check is still waiting.

Stopped by: journal: only sealed verdicts count
Outcome: error
"""

import asyncio
import os
import threading


async def greet(name):
    threading.Thread(target=os._exit, args=(0,)).start()
    await asyncio.sleep(1)


wait = greet


async def wait(seconds):
    return "wrong"
